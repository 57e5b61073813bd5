//! Repositories of code on the server's hosts: real git answers for them, started as a web server does (RFC 3875).
//!
//! They lie in a folder a host: `github.com/kestrel/parts.git`. Whoever asks may push.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::request::Parts;

/// Whether a request's path is one of git's own.
pub(super) fn is_asked_for(path: &str) -> bool {
    path.contains(".git/")
}

/// What git answers to a request for a repository below this folder.
pub(super) async fn answer(host: &Path, head: &Parts, body: Bytes) -> anyhow::Result<Response> {
    let mut command = Command::new("git");
    let search = std::env::var_os("PATH").unwrap_or_default();
    let named = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    command
        .arg("http-backend")
        .env_clear()
        .env("PATH", search)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", host)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "kestrel")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", named("content-type"))
        .env("HTTP_CONTENT_ENCODING", named("content-encoding"))
        .env("GIT_PROTOCOL", named("git-protocol"));
    let said = tokio::task::spawn_blocking(move || run(&mut command, &body)).await??;
    let end = said.windows(4).position(|window| window == b"\r\n\r\n").context("git says a head")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&said[..end])?.lines() {
        let (name, value) = line.split_once(": ").context("a line of the head")?;
        response = match (name, value.split(' ').next()) {
            ("Status", Some(status)) => response.status(status),
            _ => response.header(name, value),
        };
    }
    Ok(response.body(Body::from(said[end + 4..].to_vec()))?)
}

/// Gives it the body and takes what it says, at the same time.
fn run(command: &mut Command, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let mut stdin = child.stdin.take().context("it was asked for")?;
    let output = std::thread::scope(|scope| {
        // Whoever has heard enough closes its end, and that is no failure.
        scope.spawn(move || drop(stdin.write_all(body)));
        child.wait_with_output()
    })?;
    ensure!(output.status.success(), "git http-backend: {}", output.status);
    Ok(output.stdout)
}
