//! From one token string to papers and a key: who the collector is, a key made here, a certificate from there.
//!
//! Nothing is written before the collector has answered and the answer fits; a token is used at most once.

use std::{io, path::Path, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use elsewhere_proto::v1::{self, enroll_client::EnrollClient};
use prost::Message;
use tonic::Code;

use crate::{
    config::Config,
    identity::{IdentityError, NewKey, Papers},
    uplink::{
        connection::{self, ConnectError},
        tls,
    },
};

const PREFIX: &str = "elsewhere1.";
/// A token holds an address and two times 32 bytes; a longer text is none.
const MAX_TOKEN_BYTES: usize = 1024;

/// What an installer was given: where the collector is, how to know it, and the secret that lets one device in.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    address: String,
    ca_fingerprint: [u8; 32],
    secret: Vec<u8>,
}

/// Why a text is no token. The text itself stays out of it: it may be a secret with a typing error.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token {0}; copy the whole line that `elsewhere-collector enroll-token create` printed")]
pub struct TokenError(&'static str);

/// Why the device was not enrolled. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// There are papers already.
    #[error(
        "already enrolled as device {device_id} at {address}; to enrol anew: elsewhere-agent enroll --again TOKEN"
    )]
    Already {
        /// Its name at that collector.
        device_id: String,
        /// That collector.
        address: String,
    },
    /// Somebody else answers there than the collector that made the token.
    #[error(
        "{address} is not the collector of this token, or does not trust this device; ask for a new token: elsewhere-collector enroll-token create"
    )]
    Stranger {
        /// Where the token leads.
        address: String,
        /// What TLS says.
        #[source]
        source: io::Error,
    },
    /// The collector was not reached.
    #[error(transparent)]
    Connect(ConnectError),
    /// TLS could not be set up.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
    /// The collector knows the token no more, or never did.
    #[error(
        "{address} does not take this token ({reason}); ask for a new one: elsewhere-collector enroll-token create"
    )]
    Refused {
        /// The collector.
        address: String,
        /// What it said.
        reason: String,
    },
    /// The collector could not answer.
    #[error("{address} could not enrol this device ({reason}); the token may still be good: try again")]
    Failed {
        /// The collector.
        address: String,
        /// What it said.
        reason: String,
    },
    /// The papers could not be used or written.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let body = text.strip_prefix(PREFIX).ok_or(TokenError("does not begin with 'elsewhere1.'"))?;
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError("is too long"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError("is cut short or mistyped"))?;
        let token =
            v1::EnrollmentToken::decode(&bytes[..]).map_err(|_| TokenError("is cut short or mistyped"))?;
        let ca_fingerprint =
            token.ca_fingerprint.try_into().map_err(|_| TokenError("holds no fingerprint of a collector"))?;
        if token.secret.is_empty() || token.address.is_empty() {
            return Err(TokenError("holds no secret or no address"));
        }
        Ok(Self { address: token.address, ca_fingerprint, secret: token.secret })
    }
}

/// Trades the token for papers in the data directory. `again` replaces the papers that are there.
pub async fn enroll(config: &Config, token: Token, again: bool) -> Result<Papers, EnrollError> {
    if !again {
        refuse_second_enrolment(&config.data)?;
    }
    let key = NewKey::generate()?;
    let request = v1::EnrollRequest {
        token_secret: token.secret,
        csr: key.request()?,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: std::env::consts::OS.to_owned(),
    };
    let tls = tls::enrolment_config(token.ca_fingerprint)?;
    let channel =
        connection::open(&token.address, tls, config.proxy.as_ref()).await.map_err(|error| match error {
            ConnectError::Tls { address, source } => EnrollError::Stranger { address, source },
            error => EnrollError::Connect(error),
        })?;
    let answer = EnrollClient::new(channel)
        .enroll(request)
        .await
        .map_err(|status| refusal(&token.address, &status))?
        .into_inner();
    Ok(Papers::enrol(&config.data, &token.address, token.ca_fingerprint, &key, answer)?)
}

fn refuse_second_enrolment(data: &Path) -> Result<(), EnrollError> {
    match Papers::load(data)? {
        Some(papers) => Err(EnrollError::Already { device_id: papers.device_id, address: papers.address }),
        None => Ok(()),
    }
}

fn refusal(address: &str, status: &tonic::Status) -> EnrollError {
    let (address, reason) = (address.to_owned(), status.message().to_owned());
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => EnrollError::Refused { address, reason },
        _ => EnrollError::Failed { address, reason },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(token: &v1::EnrollmentToken) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(token.encode_to_vec()))
    }

    fn good() -> v1::EnrollmentToken {
        v1::EnrollmentToken {
            address: "127.0.0.1:8421".into(),
            ca_fingerprint: vec![7; 32],
            secret: vec![9; 32],
        }
    }

    #[test]
    fn a_token_is_read_with_blanks_around_it() {
        let token: Token = format!(" {}\n", text(&good())).parse().unwrap();
        assert_eq!((token.address.as_str(), token.ca_fingerprint), ("127.0.0.1:8421", [7; 32]));
        assert_eq!(token.secret, [9; 32]);
    }

    #[test]
    fn what_is_no_token_says_why_and_repeats_nothing() {
        let cut = text(&good());
        for (wrong, why) in [
            ("hunter2".to_owned(), "does not begin"),
            (cut[..cut.len() - 7].to_owned(), "cut short"),
            (format!("{PREFIX}***"), "cut short"),
            (format!("{PREFIX}{}", "A".repeat(2000)), "too long"),
            (text(&v1::EnrollmentToken { ca_fingerprint: vec![1], ..good() }), "no fingerprint"),
            (text(&v1::EnrollmentToken { secret: vec![], ..good() }), "no secret"),
            (text(&v1::EnrollmentToken { address: String::new(), ..good() }), "no address"),
        ] {
            let error = wrong.parse::<Token>().err().unwrap().to_string();
            assert!(error.contains(why) && !error.contains(&wrong), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_an_error(text in "(elsewhere1\\.)?[ -~]{0,200}") {
            let _ = text.parse::<Token>();
        }
    }
}
