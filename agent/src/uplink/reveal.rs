//! Names outside the catalog that this device has told the collector: `revealed.json`, for the receipt.

use std::{collections::BTreeSet, fs, io, path::Path};

use crate::disk::{self, Readable};

/// Names that are remembered as told; a device meets some hundred in a year. Past it no further name is told.
const MAX_NAMES: usize = 5000;

/// The registrable domains that were told, ever.
pub fn told(data: &Path) -> io::Result<BTreeSet<String>> {
    match fs::read(data.join("revealed.json")) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// Notes, durably, that these names are about to be told.
pub fn note(data: &Path, names: &[&str]) -> io::Result<()> {
    let mut told = told(data)?;
    let before = told.len();
    told.extend(names.iter().map(|name| String::from(*name)));
    if told.len() > MAX_NAMES {
        return Err(io::Error::other(format!("{MAX_NAMES} names were told, and no more are")));
    }
    if told.len() == before {
        return Ok(());
    }
    disk::replace(&data.join("revealed.json"), &serde_json::to_vec_pretty(&told)?, Readable::ByAll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_told_are_remembered_to_their_cap() {
        let data = tempfile::tempdir().unwrap();
        note(data.path(), &["b.example", "a.example"]).unwrap();
        note(data.path(), &["a.example"]).unwrap();
        assert_eq!(told(data.path()).unwrap().into_iter().collect::<Vec<_>>(), ["a.example", "b.example"]);
        let many: Vec<String> = (0..MAX_NAMES).map(|number| format!("{number}.example")).collect();
        assert!(note(data.path(), &many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
        assert_eq!(told(data.path()).unwrap().len(), 2);
    }
}
