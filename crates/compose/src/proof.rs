//! The proof that an application does not reach the host's files, streams and standard streams.
//!
//! It reads the bytes of the composition and believes nothing of how they were made: it finds the application by its own bytes,
//! and follows each of its arguments to where it comes from.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, Parser, Payload, Validator, WasmFeatures,
};

use crate::interfaces::{bare, is_harmless};
use crate::{Error, Result};

/// Where an instance comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// The host, by this name.
    Host(String),
    /// A component inside the composition, which is not the application.
    Part,
    /// Something else, of which nothing is known.
    Unknown,
}

/// The interfaces of the host that the application reaches, all of them harmless.
///
/// # Errors
/// [`Error::Unproven`].
pub(crate) fn prove(composition: &[u8], application: &[u8], provided: &[&str]) -> Result<Vec<String>> {
    let unproven = |what: String| Error::Unproven(what);
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(composition)
        .map_err(|e| unproven(e.to_string()))?;
    let read = Read::of(composition, application).map_err(|e| unproven(e.to_string()))?;
    let [arguments] = &read.applications[..] else {
        return Err(unproven(format!(
            "the application is instantiated {} times",
            read.applications.len()
        )));
    };
    let mut shared = Vec::new();
    for (name, origin) in arguments {
        match origin {
            Origin::Part => {}
            Origin::Host(host)
                if is_harmless(name) && is_harmless(host) && !provided.contains(&bare(name)) =>
            {
                shared.push(host.clone());
            }
            Origin::Host(host) => {
                return Err(unproven(format!(
                    "`{name}` of the application is `{host}` of the host"
                )));
            }
            Origin::Unknown => {
                return Err(unproven(format!(
                    "it is not known where `{name}` of the application comes from"
                )));
            }
        }
    }
    Ok(shared)
}

/// A component that can be instantiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Component {
    Application,
    Inside,
    Unknown,
}

/// What was read of a composition.
#[derive(Default)]
struct Read {
    components: Vec<Component>,
    instances: Vec<Origin>,
    /// The arguments of each instance of the application.
    applications: Vec<Vec<(String, Origin)>>,
}

impl Read {
    fn of(
        composition: &[u8],
        application: &[u8],
    ) -> std::result::Result<Self, wasmparser::BinaryReaderError> {
        let mut read = Self::default();
        // Nested modules and components are passed over: what is in them cannot reach further than their arguments.
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(composition) {
            let payload = payload?;
            match &payload {
                Payload::ModuleSection { .. } => depth += 1,
                Payload::ComponentSection {
                    unchecked_range: range,
                    ..
                } => {
                    if depth == 0 {
                        let range = range.start..range.end;
                        read.components
                            .push(match composition.get(range) == Some(application) {
                                true => Component::Application,
                                false => Component::Inside,
                            });
                    }
                    depth += 1;
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                _ => read.section(payload)?,
            }
        }
        Ok(read)
    }

    fn section(&mut self, payload: Payload<'_>) -> std::result::Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    match import.ty.kind() {
                        ComponentExternalKind::Instance => {
                            self.instances.push(Origin::Host(import.name.name.to_owned()));
                        }
                        ComponentExternalKind::Component => self.components.push(Component::Unknown),
                        _ => {}
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    let origin = match instance? {
                        ComponentInstance::Instantiate {
                            component_index,
                            args,
                        } => {
                            let component = self.component(component_index);
                            if component == Component::Application {
                                let of = |arg: &wasmparser::ComponentInstantiationArg<'_>| {
                                    let origin = match arg.kind {
                                        ComponentExternalKind::Instance => self.origin(arg.index),
                                        // Functions and types by themselves are nothing that WASI has.
                                        _ => Origin::Unknown,
                                    };
                                    (arg.name.to_owned(), origin)
                                };
                                let arguments = args.iter().map(of).collect();
                                self.applications.push(arguments);
                            }
                            match component {
                                Component::Inside => Origin::Part,
                                Component::Application | Component::Unknown => Origin::Unknown,
                            }
                        }
                        ComponentInstance::FromExports(_) => Origin::Unknown,
                    };
                    self.instances.push(origin);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    match alias? {
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Instance,
                            instance_index,
                            ..
                        } => self.instances.push(self.origin(instance_index)),
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Component,
                            ..
                        } => self.components.push(Component::Unknown),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    // What is exported gets an index of its own.
                    match export.kind {
                        ComponentExternalKind::Instance => self.instances.push(self.origin(export.index)),
                        ComponentExternalKind::Component => {
                            self.components.push(self.component(export.index));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn component(&self, index: u32) -> Component {
        let known = self.components.get(index as usize);
        known.copied().unwrap_or(Component::Unknown)
    }

    fn origin(&self, index: u32) -> Origin {
        let known: Option<&Origin> = self.instances.get(index as usize);
        known.cloned().unwrap_or(Origin::Unknown)
    }
}
