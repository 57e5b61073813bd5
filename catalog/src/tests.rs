//! The catalog as it is built in.

use super::*;

#[test]
fn every_need_has_services() {
    for need in builtin().needs() {
        let services = builtin().services().filter(|service| service.need == need.id).count();
        assert!(services >= 3, "{} has {services}", need.id);
    }
}
