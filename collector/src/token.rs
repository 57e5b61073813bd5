//! The one string an installer needs: where the collector is, how to know it, and a secret that lets devices in.
//!
//! The secret is 32 random bytes. Only its hash is kept, so it is shown once and can't be read from the store.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use elsewhere_proto::v1;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::config::PublicAddress;

/// What a token lets in with.
pub struct Secret([u8; 32]);

impl Secret {
    /// A secret that nobody knows.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// What the store keeps. The secret is random and long, so a plain hash can't be turned back.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The hash of what a device sent as its token's secret.
pub fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The whole token: `elsewhere1.` and its fields.
pub fn text(address: &PublicAddress, ca_fingerprint: [u8; 32], secret: &Secret) -> String {
    let token = v1::EnrollmentToken {
        address: address.to_string(),
        ca_fingerprint: ca_fingerprint.to_vec(),
        secret: secret.0.to_vec(),
    };
    format!("elsewhere1.{}", URL_SAFE_NO_PAD.encode(token.encode_to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_address_fingerprint_and_secret() {
        let address = "elsewhere.example.com:8421".parse().unwrap();
        let text = text(&address, [7; 32], &Secret([9; 32]));
        let body = text.strip_prefix("elsewhere1.").unwrap();
        let token = v1::EnrollmentToken::decode(&*URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
        assert_eq!(token.address, "elsewhere.example.com:8421");
        assert_eq!((token.ca_fingerprint, hash(&token.secret)), (vec![7; 32], Secret([9; 32]).hash()));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret([9; 32])), "Secret(..)");
    }
}
