//! Which part is wired to which.

use wac_graph::types::{ItemKind, Package};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::error::chain;
use crate::interfaces::{Interfaces, bare, is_harmless};
use crate::{Compose, Error, Result, parts, proof};

/// What an application runs by.
const RUN: &str = "wasi:cli/run";
const EXIT: &str = "wasi:cli/exit";

/// A composition.
#[derive(Debug)]
pub struct Composition {
    /// The component.
    pub component: Vec<u8>,
    /// The interfaces that it imports of the host.
    pub imports: Vec<String>,
    /// Those of them that the application itself reaches.
    pub shared: Vec<String>,
}

/// Composes an application that is a component.
pub(crate) fn compose(what: &Compose<'_>, application: &[u8]) -> Result<Composition> {
    let provides = Interfaces::of(what.provider).map_err(|e| Error::Provider(e.to_string()))?;
    if provides.export(bare(parts::LIFE)).is_none() {
        return Err(Error::Provider(
            "it does not export `tarbox:workspace/life`".into(),
        ));
    }
    let wants = Interfaces::of(application)?;
    let leaks =
        |name: &&String| provides.export(bare(name)).is_none() && bare(name) != EXIT && !is_harmless(name);
    if let Some(name) = wants.imports.iter().find(leaks) {
        return Err(Error::Leaks(name.clone()));
    }
    let run = wants.export(RUN).ok_or(Error::NothingToRun)?;

    let mut graph = Graph::default();
    let baked = parts::baked(&what.settings, what.image.unwrap_or_default())?;
    let baked = graph.add("tarbox:baked", &baked)?;
    let provider = graph.add("tarbox:provider", what.provider)?;
    graph.wire(provider, parts::BAKED, baked, parts::BAKED)?;

    let functions = Graph::functions_of_import(application, EXIT)?;
    let application_node = graph.add("tarbox:application", application)?;
    for name in &wants.imports {
        if bare(name) == EXIT {
            let exit = graph.add("tarbox:exit", &parts::exit(name, &functions)?)?;
            graph.wire(exit, parts::LIFE, provider, parts::LIFE)?;
            graph.wire(application_node, name, exit, name)?;
        } else if let Some(export) = provides.export(bare(name)) {
            graph.wire(application_node, name, provider, export)?;
        }
    }
    let runner = graph.add("tarbox:runner", &parts::runner(run)?)?;
    graph.wire(runner, parts::LIFE, provider, parts::LIFE)?;
    graph.wire(runner, run, application_node, run)?;
    graph.export(runner, run)?;

    let component = graph.encode()?;
    let provided: Vec<&str> = provides.exports.iter().map(|name| bare(name)).collect();
    let shared = proof::prove(&component, application, &provided)?;
    let imports = Interfaces::of(&component)?.imports;
    Ok(Composition {
        component,
        imports,
        shared,
    })
}

/// The provider, with nothing put into it, and with its exports as they are.
pub(crate) fn standalone(provider: &[u8]) -> Result<Vec<u8>> {
    let provides = Interfaces::of(provider).map_err(|e| Error::Provider(e.to_string()))?;
    let mut graph = Graph::default();
    let baked = graph.add("tarbox:baked", &parts::baked(&[], &[])?)?;
    let node = graph.add("tarbox:provider", provider)?;
    graph.wire(node, parts::BAKED, baked, parts::BAKED)?;
    for name in &provides.exports {
        graph.export(node, name)?;
    }
    graph.encode()
}

/// A composition in the making.
#[derive(Default)]
struct Graph(CompositionGraph);

impl Graph {
    /// Adds a component, instantiated once.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<NodeId> {
        let package = Package::from_bytes(name, None, bytes.to_vec(), self.0.types_mut())
            .map_err(|e| Error::Failed(format!("{name}: {e:#}")))?;
        let package = self
            .0
            .register_package(package)
            .map_err(|e| Error::Failed(chain(&e)))?;
        Ok(self.0.instantiate(package))
    }

    /// Gives an instance, as its import, the export of another.
    fn wire(&mut self, to: NodeId, import: &str, from: NodeId, export: &str) -> Result<()> {
        let failed = |reason: String| Error::Mismatch {
            interface: import.to_owned(),
            reason,
        };
        let source = self
            .0
            .alias_instance_export(from, export)
            .map_err(|e| failed(chain(&e)))?;
        self.0
            .set_instantiation_argument(to, import, source)
            .map_err(|e| failed(chain(&e)))
    }

    fn export(&mut self, from: NodeId, name: &str) -> Result<()> {
        let failed = |e: &dyn std::error::Error| Error::Failed(chain(e));
        let source = self.0.alias_instance_export(from, name).map_err(|e| failed(&e))?;
        self.0.export(source, name).map_err(|e| failed(&e))
    }

    /// The functions of an interface that a component imports, in whatever version.
    fn functions_of_import(component: &[u8], interface: &str) -> Result<Vec<String>> {
        let mut types = wac_graph::types::Types::default();
        let package = Package::from_bytes("tarbox:looked-at", None, component.to_vec(), &mut types)
            .map_err(|e| Error::Failed(format!("the application: {e:#}")))?;
        let imports = &types[package.ty()].imports;
        let found = imports.iter().find(|(name, _)| bare(name) == interface);
        Ok(match found {
            Some((_, ItemKind::Instance(id))) => types[*id].exports.keys().cloned().collect(),
            _ => Vec::new(),
        })
    }

    fn encode(&self) -> Result<Vec<u8>> {
        self.0
            .encode(EncodeOptions::default())
            .map_err(|e| Error::Failed(chain(&e)))
    }
}
