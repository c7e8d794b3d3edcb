//! Trees between the host, archives and the workspace: streamed, confined, with all attributes.

mod descent;
mod host_file;
mod host_new_file;
mod host_output;
mod host_reader;
mod host_writer;
pub(crate) mod item;
pub(crate) mod options;
mod pump;
mod skip;
mod survey;
mod tally;
mod tar_writer;
mod tree_writer;
mod workspace_reader;
mod workspace_writer;

pub(crate) use host_new_file::HostNewFile;
pub(crate) use host_output::{Lasting, Output, write_whole};
pub(crate) use host_reader::HostReader;
pub(crate) use host_writer::HostWriter;
pub(crate) use pump::{Weigh, pump};
pub(crate) use skip::Skip;
pub(crate) use survey::survey;
pub(crate) use tally::Tally;
pub(crate) use tar_writer::TarWriter;
pub(crate) use tree_writer::TreeWriter;
pub(crate) use workspace_reader::WorkspaceReader;
pub(crate) use workspace_writer::WorkspaceWriter;
