//! The little of web sockets (RFC 6455) that a page of ours needs: a message `N:…` is answered with N bytes, and what
//! the host pushes goes out by itself.

use anyhow::{Context, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::server::Shared;

/// What a server adds to the client's key, RFC 6455 §1.3.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest message that is taken.
const MAX_BYTES: u64 = 16 << 20;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// The client's key, where this head of a request asks for a web socket.
pub(super) fn wanted_key(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    key.filter(|_| head.to_ascii_lowercase().contains("upgrade: websocket"))
}

/// Talks to the client until one of both ends it.
pub(super) async fn serve<S>(stream: S, key: &str, host: &str, shared: &Shared) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pushes = shared.pushes();
    let (mut read, mut write) = tokio::io::split(stream);
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(key)
    );
    write.write_all(head.as_bytes()).await?;
    let (heard, mut messages) = tokio::sync::mpsc::channel(4);
    let listen = async {
        while let Some(message) = next_message(&mut read).await? {
            heard.send(message).await?;
        }
        Err::<(), _>(anyhow::anyhow!("the client closed it"))
    };
    let speak = async {
        loop {
            let bytes = tokio::select! {
                message = messages.recv() => answer_bytes(&message.context("nobody listens")?),
                push = pushes.recv() => push.ok().filter(|push| push.host == host).map_or(0, |push| push.bytes),
            };
            if bytes > 0 {
                write.write_all(&frame(bytes)).await?;
                write.flush().await?;
            }
        }
    };
    tokio::select! {
        ended = listen => ended,
        failed = speak => failed,
    }
}

fn accept(key: &str) -> String {
    let joined = format!("{key}{MAGIC}");
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, joined.as_bytes());
    STANDARD.encode(digest.as_ref())
}

fn answer_bytes(message: &[u8]) -> usize {
    let number =
        message.split(|byte| *byte == b':').next().and_then(|number| std::str::from_utf8(number).ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// A text message of so many bytes, RFC 6455 §5.2.
fn frame(bytes: usize) -> Vec<u8> {
    let mut frame = vec![0x80 | TEXT];
    match u16::try_from(bytes) {
        Ok(short @ 0..126) => frame.push(u8::try_from(short).expect("under 126")),
        Ok(medium) => {
            frame.push(126);
            frame.extend(medium.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend((bytes as u64).to_be_bytes());
        }
    }
    frame.resize(frame.len() + bytes, b's');
    frame
}

/// The next message of the client; none where it closes.
async fn next_message(read: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Option<Vec<u8>>> {
    let mut head = [0; 2];
    read.read_exact(&mut head).await?;
    let length = match head[1] & 0x7f {
        126 => u64::from(read.read_u16().await?),
        127 => read.read_u64().await?,
        short => u64::from(short),
    };
    ensure!(length <= MAX_BYTES, "a message of {length} bytes");
    let mut mask = [0; 4];
    read.read_exact(&mut mask).await?;
    let mut message = vec![0; usize::try_from(length)?];
    read.read_exact(&mut message).await?;
    message.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((head[0] & 0x0f != CLOSE).then_some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_gives_its_answer() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn only_a_request_for_a_socket_has_a_key() {
        let head = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n";
        assert_eq!(wanted_key(head).as_deref(), Some("abc"));
        assert_eq!(wanted_key(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: abc\r\n\r\n"), None);
    }

    #[test]
    fn a_message_says_how_much_it_wants_back() {
        assert_eq!((answer_bytes(b"300:xxx"), answer_bytes(b"hello")), (300, 0));
        assert_eq!((frame(100).len(), frame(300).len(), frame(70_000).len()), (102, 304, 70_010));
    }
}
