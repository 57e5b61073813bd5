//! Compiles the .proto files with protox, so that no `protoc` is needed, and keeps their descriptors, comments included.

use std::{env, fs, path::PathBuf};

use prost::Message;

const FILES: [&str; 5] = ["catalog", "device_day", "enroll", "ingest", "query"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=elsewhere");
    let files = FILES.map(|name| format!("elsewhere/v1/{name}.proto"));
    let descriptors =
        protox::Compiler::new(["."])?.include_source_info(true).open_files(&files)?.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
