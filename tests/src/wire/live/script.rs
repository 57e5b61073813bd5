//! Conversations whose first words are real TLS: a handshake recorded from two rustls ends, said again word for word
//! over a real TCP connection, then whatever the measurement needs. It costs the two ends next to nothing.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::{
    clock, lab,
    wire::tls::{self, Ends},
};

/// What is waited for at most; a lost end is an error, not a hang.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a server answers to a small request.
const ANSWER_BYTES: usize = 900;

/// What follows the handshake.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// A small answer.
    Answer,
    /// Records from the server.
    Download(Transfer),
    /// Records from the client.
    Upload(Transfer),
}

/// How much at which pace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub(super) bytes: u64,
    pub(super) bytes_per_second: u64,
}

/// One conversation, known to both ends.
pub(super) struct Script {
    hello: Vec<u8>,
    server_flight: Vec<u8>,
    /// The client's end of the handshake and its request.
    client_flight: Vec<u8>,
    then: Then,
}

/// All conversations that a server knows, by their hello.
pub(super) struct Scripts {
    by_hello: HashMap<Vec<u8>, Arc<Script>>,
    record: Vec<u8>,
}

impl Scripts {
    /// A server that knows nothing yet.
    pub(super) fn new(seed: u64) -> Self {
        let record = tls::opaque_record(&mut ChaCha8Rng::seed_from_u64(seed));
        Self { by_hello: HashMap::new(), record }
    }

    /// Records a handshake for this name.
    pub(super) fn add(&mut self, ends: &Ends, name: &str, then: Then) -> anyhow::Result<Arc<Script>> {
        let request = format!("GET /{name} HTTP/1.1\r\nHost: {name}\r\n\r\n");
        let mut flights = tls::handshake(ends, name, request.as_bytes())?.into_iter();
        let mut flight = |of_client: bool| match flights.next() {
            Some((is_client, flight)) if is_client == of_client => Ok(flight),
            _ => bail!("a handshake of TLS 1.3 has one round trip"),
        };
        let hello = flight(true)?;
        let server_flight = flight(false)?;
        let mut client_flight = flight(true)?;
        for (is_client, flight) in flights {
            ensure!(is_client, "a server without tickets");
            client_flight.extend(flight);
        }
        let script = Arc::new(Script { hello: hello.clone(), server_flight, client_flight, then });
        self.by_hello.insert(hello, Arc::clone(&script));
        Ok(script)
    }

    /// The server's part on one connection; whoever speaks no TLS gets back what it said.
    pub(super) fn serve(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        prepare(&stream)?;
        let mut head = [0; tls::RECORD_HEADER_BYTES];
        stream.read_exact(&mut head).context("first words")?;
        if head[0] != 22 {
            return Ok(stream.write_all(&head)?);
        }
        let mut hello = head.to_vec();
        hello.resize(head.len() + usize::from(u16::from_be_bytes([head[3], head[4]])), 0);
        stream.read_exact(&mut hello[head.len()..]).context("hello")?;
        let script = self.by_hello.get(&hello).context("a hello that nobody recorded")?;
        stream.write_all(&script.server_flight)?;
        swallow(&mut stream, script.client_flight.len())?;
        match script.then {
            Then::Answer => stream.write_all(&self.record[..ANSWER_BYTES])?,
            Then::Download(transfer) => drop(self.send(&mut stream, transfer)?),
            Then::Upload(_) => drop(io::copy(&mut stream, &mut io::sink())?),
        }
        Ok(())
    }

    /// The client's part. Gives the payload that went the long way and the seconds it took.
    pub(super) fn play(&self, script: &Script, server: SocketAddr) -> anyhow::Result<(u64, f64)> {
        let mut stream = TcpStream::connect(server)?;
        prepare(&stream)?;
        stream.write_all(&script.hello)?;
        swallow(&mut stream, script.server_flight.len())?;
        stream.write_all(&script.client_flight)?;
        let begun = clock::now();
        let bytes = match script.then {
            Then::Answer | Then::Download(_) => drain(&mut stream)?,
            Then::Upload(transfer) => self.send(&mut stream, transfer)?,
        };
        Ok((bytes, clock::now().duration_since(begun).as_secs_f64()))
    }

    /// Sends records at a steady pace.
    fn send(&self, stream: &mut TcpStream, transfer: Transfer) -> io::Result<u64> {
        let Transfer { bytes, bytes_per_second } = transfer;
        let begun = clock::now();
        let mut sent = 0;
        while sent < bytes {
            stream.write_all(&self.record)?;
            sent += self.record.len() as u64;
            let due_us = sent * 1_000_000 / bytes_per_second;
            let now_us = u64::try_from(clock::now().duration_since(begun).as_micros()).unwrap_or(0);
            if due_us > now_us + 200 {
                lab::pause(Duration::from_micros(due_us - now_us));
            }
        }
        Ok(sent)
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// Reads and forgets so many bytes.
fn swallow(stream: &mut TcpStream, bytes: usize) -> anyhow::Result<()> {
    let wanted = bytes as u64;
    let read = io::copy(&mut stream.take(wanted), &mut io::sink())?;
    ensure!(read == wanted, "{read} of {wanted} bytes came");
    Ok(())
}

/// Reads to the end through a large buffer: the reader must not be what is slow.
fn drain(stream: &mut TcpStream) -> io::Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; 1 << 18], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn both_ends_say_their_lines() {
        let ends = Ends::new(&["a.example"]).unwrap();
        let mut scripts = Scripts::new(1);
        let small = scripts.add(&ends, "a.example", Then::Answer).unwrap();
        let upload = Then::Upload(Transfer { bytes: 100_000, bytes_per_second: 100_000_000 });
        let large = scripts.add(&ends, "a.example", upload).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..2 {
                    scripts.serve(listener.accept().unwrap().0).unwrap();
                }
            });
            assert_eq!(scripts.play(&small, server).unwrap().0, ANSWER_BYTES as u64);
            assert!(scripts.play(&large, server).unwrap().0 >= 100_000);
        });
    }
}
