//! Our own device-days as wire messages, which is how the store's first body version packs them; and what devices have
//! to know beside the catalog.

use elsewhere_catalog::layer::{LayerFacts, OwnRule, OwnService, Tenant as OwnTenant};
use elsewhere_proto::v1;

use crate::device_day::{
    AgentState, AppClass, BlindSpots, Degraded, DeviceDay, Evidence, Place, Quantiles, Spill, Tenant,
    TransferTime, UnknownService, Usage,
};

impl From<&DeviceDay> for v1::DeviceDay {
    fn from(own: &DeviceDay) -> Self {
        Self {
            day: super::days_of(own.day),
            revision: own.revision,
            usages: own.usages.iter().map(Into::into).collect(),
            spills: own.spills.iter().map(Into::into).collect(),
            unknown_services: own.unknown_services.iter().map(Into::into).collect(),
            blind_spots: Some((&own.blind_spots).into()),
            agent: Some((&own.agent).into()),
            shared_device: own.shared_device,
        }
    }
}

impl From<&Usage> for v1::Usage {
    fn from(own: &Usage) -> Self {
        Self {
            service_id: own.service.as_str().to_owned(),
            app_class: v1::AppClass::from(own.app_class).into(),
            place: v1::Place::from(own.place).into(),
            evidence: v1::Evidence::from(own.evidence).into(),
            parts_of_day: own.parts_of_day.into(),
            active_minutes: own.active_minutes,
            tries: own.tries,
            failed: own.failed,
            given_up: own.given_up,
            turned_away: own.turned_away,
            bytes_up: own.bytes_up,
            bytes_down: own.bytes_down,
            tenant: v1::Tenant::from(own.tenant).into(),
            sign_in_hops: own.sign_in_hops,
            server_wait: own.server_wait.map(Into::into),
            transfer_times: own.transfer_times.iter().map(Into::into).collect(),
        }
    }
}

impl From<Evidence> for v1::Evidence {
    fn from(own: Evidence) -> Self {
        match own {
            Evidence::Present => Self::Present,
            Evidence::Use => Self::Use,
        }
    }
}

impl From<Tenant> for v1::Tenant {
    fn from(own: Tenant) -> Self {
        match own {
            Tenant::Unknown => Self::Unspecified,
            Tenant::Ours => Self::Ours,
            Tenant::Guest => Self::Guest,
        }
    }
}

impl From<AppClass> for v1::AppClass {
    fn from(own: AppClass) -> Self {
        match own {
            AppClass::Unknown => Self::Unspecified,
            AppClass::Browser => Self::Browser,
            AppClass::VendorClient => Self::VendorClient,
            AppClass::DeveloperTool => Self::DeveloperTool,
            AppClass::System => Self::System,
            AppClass::Other => Self::Other,
        }
    }
}

impl From<Place> for v1::Place {
    fn from(own: Place) -> Self {
        match own {
            Place::Unknown => Self::Unspecified,
            Place::Office => Self::Office,
            Place::Away => Self::Away,
        }
    }
}

impl From<Quantiles> for v1::Quantiles {
    fn from(own: Quantiles) -> Self {
        Self { median: own.median.into(), p90: own.p90.into() }
    }
}

impl From<&TransferTime> for v1::TransferTime {
    fn from(own: &TransferTime) -> Self {
        Self { size_class: own.size_class.into(), duration: Some(own.duration.into()) }
    }
}

impl From<&Spill> for v1::Spill {
    fn from(own: &Spill) -> Self {
        Self {
            from_service_id: own.from.as_str().to_owned(),
            to_service_id: own.to.as_str().to_owned(),
            count: own.count,
            tries: own.tries,
            expected_hundredths: own.expected_hundredths,
        }
    }
}

impl From<&UnknownService> for v1::UnknownService {
    fn from(own: &UnknownService) -> Self {
        Self {
            name_hash: own.name_hash,
            app_class: v1::AppClass::from(own.app_class).into(),
            bytes_up: own.bytes_up,
            bytes_down: own.bytes_down,
            active_minutes: own.active_minutes,
        }
    }
}

impl From<&BlindSpots> for v1::BlindSpots {
    fn from(own: &BlindSpots) -> Self {
        Self {
            connections: own.connections,
            encrypted_hello: own.encrypted_hello,
            encrypted_dns: own.encrypted_dns,
            unnamed: own.unnamed,
            tunnels: own.tunnels,
            plumbing: own.plumbing,
            reused: own.reused,
            dropped_packets: own.dropped_packets,
        }
    }
}

impl From<&AgentState> for v1::AgentState {
    fn from(own: &AgentState) -> Self {
        let degraded = |reason: &Degraded| match reason {
            Degraded::NoKernelFilter => v1::Degraded::NoKernelFilter,
            Degraded::Killed => v1::Degraded::Killed,
            Degraded::Spool => v1::Degraded::Spool,
            Degraded::TableFull => v1::Degraded::TableFull,
        };
        Self {
            version: own.version.clone(),
            catalog_version: own.catalog_version.clone(),
            down_seconds: own.down_seconds,
            paused_seconds: own.paused_seconds,
            degraded: own.degraded.iter().map(|reason| degraded(reason).into()).collect(),
        }
    }
}

/// What devices have to know beside the catalog. Without a version: whoever hands it out gives it one.
pub fn catalog_facts(own: &LayerFacts) -> v1::CatalogFacts {
    let service = |own: &OwnService| {
        let OwnService { id, name, need } = own.clone();
        v1::OwnService { id, name, need }
    };
    let rule = |own: &OwnRule| {
        let OwnRule { name, exact, service_id, role } = own.clone();
        v1::OwnRule { name, exact, service_id, role: role.as_str().to_owned() }
    };
    let tenant = |own: &OwnTenant| {
        let OwnTenant { service_id, host } = own.clone();
        v1::TenantHost { service_id, host }
    };
    v1::CatalogFacts {
        version: 0,
        services: own.services.iter().map(service).collect(),
        rules: own.rules.iter().map(rule).collect(),
        own_domains: own.own_domains.clone(),
        tenants: own.tenants.iter().map(tenant).collect(),
    }
}
