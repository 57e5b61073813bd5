//! Control groups by their id: the inode number of their directory, which anybody may read.
//!
//! The tree is walked when an id comes up that is not known, not too often, and only what its names say about class and
//! account is remembered. An id is never given twice, so one that was not found is not looked for again.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::{DirEntryExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::program::{self, Seat};

/// Directories visited in one walk; a desktop has some 300, a machine full of containers 1,000. Those past it are not
/// found, and sockets in them have no class.
const MAX_CGROUPS: usize = 2_048;
/// Time between two walks for each group there is. Visiting one was measured to cost 15 to 30 µs, so that walking takes
/// 3 % of a core where new groups come up all the time, and nothing where they don't.
const BETWEEN_WALKS: Duration = Duration::from_millis(1);
/// Time between two walks where there are few groups.
const BETWEEN_WALKS_AT_LEAST: Duration = Duration::from_millis(100);
/// Ids that were not found; past it they are forgotten and looked for again.
const MAX_MISSING: usize = 1_024;
/// Longer paths are no unit's.
const MAX_PATH_BYTES: usize = 4_096;

/// What is known of the control groups.
#[derive(Debug)]
pub(super) struct Cgroups {
    /// Where the hierarchy is mounted; `None` where it is not, and nothing is ever found.
    root: Option<PathBuf>,
    seats: HashMap<u64, Seat>,
    missing: HashSet<u64>,
    walked: Option<Instant>,
}

impl Cgroups {
    /// Those below this directory.
    pub(super) fn at(root: Option<PathBuf>) -> Self {
        Self { root, seats: HashMap::new(), missing: HashSet::new(), walked: None }
    }

    /// Whether there is a hierarchy to look in.
    pub(super) fn are_there(&self) -> bool {
        self.root.is_some()
    }

    /// What the group with this id says; `None` where it is gone or was not found.
    pub(super) fn seat(&mut self, now: Instant, id: u64) -> Option<Seat> {
        if let Some(seat) = self.seats.get(&id) {
            return Some(*seat);
        }
        let known = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        let between = BETWEEN_WALKS.saturating_mul(known).max(BETWEEN_WALKS_AT_LEAST);
        let walked_lately = self.walked.is_some_and(|walked| now.saturating_duration_since(walked) < between);
        if walked_lately || self.missing.contains(&id) {
            return None;
        }
        self.walked = Some(now);
        self.seats = walk(self.root.as_deref()?, MAX_CGROUPS);
        let found = self.seats.get(&id).copied();
        if found.is_none() {
            if self.missing.len() >= MAX_MISSING {
                self.missing.clear();
            }
            self.missing.insert(id);
        }
        found
    }

    /// Groups known, and ids known to be missing.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.seats.len(), self.missing.len())
    }
}

/// Where the version 2 hierarchy is mounted, alone or beside the old ones, and can be seen.
pub(super) fn mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounted_in(&mounts).find(|root| root.join("cgroup.procs").exists())
}

/// `proc_pid_mountinfo(5)`: the mount point is the fifth field, the type the first after a dash of its own.
fn mounted_in(mounts: &str) -> impl Iterator<Item = PathBuf> {
    mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let is_second = after.split(' ').next() == Some("cgroup2");
        before.split(' ').nth(4).filter(|_| is_second).map(PathBuf::from)
    })
}

/// So many groups at most, breadth first, so that what is cut off at the cap lies deepest.
fn walk(root: &Path, cap: usize) -> HashMap<u64, Seat> {
    let mut seats = HashMap::new();
    let mut level = vec![String::new()];
    if let Ok(metadata) = fs::metadata(root) {
        seats.insert(metadata.ino(), Seat::default());
    }
    while !level.is_empty() {
        let mut below = Vec::new();
        for parent in level {
            for entry in fs::read_dir(root.join(&parent)).into_iter().flatten().flatten() {
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                if seats.len() >= cap {
                    return seats;
                }
                let path = format!("{parent}/{}", entry.file_name().to_string_lossy());
                seats.insert(entry.ino(), program::seat(&path));
                if path.len() < MAX_PATH_BYTES {
                    below.push(path.trim_start_matches('/').to_owned());
                }
            }
        }
        level = below;
    }
    seats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app_class::AppClass;

    fn inode(path: &Path) -> u64 {
        fs::metadata(path).unwrap().ino()
    }

    #[test]
    fn the_second_version_is_found_where_it_is_mounted() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n\
                      32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n";
        let hybrid = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:1 - cgroup2 cgroup2 rw\n";
        let alone = "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let odd = "- cgroup2\n - cgroup2\n";
        let all = [mounts, odd, hybrid, alone].concat();
        let found: Vec<_> = mounted_in(&all).collect();
        assert_eq!(found, [Path::new("/sys/fs/cgroup/unified"), Path::new("/sys/fs/cgroup")]);
    }

    #[test]
    fn a_group_is_found_by_its_inode() {
        let root = tempfile::tempdir().unwrap();
        let browser = root.path().join("user.slice/user-1000.slice/app-gnome-firefox-4711.scope");
        fs::create_dir_all(&browser).unwrap();
        let now = crate::clock::monotonic();
        let mut cgroups = Cgroups::at(Some(root.path().to_owned()));
        let seat = cgroups.seat(now, inode(&browser)).unwrap();
        assert_eq!(seat.program.unwrap().class, AppClass::Browser);
        assert_eq!(seat.account, Some(1_000));
        assert_eq!(cgroups.seat(now, inode(root.path())), Some(Seat::default()));
    }

    #[test]
    fn the_tree_is_walked_seldom_and_only_for_what_is_new() {
        let root = tempfile::tempdir().unwrap();
        let now = crate::clock::monotonic();
        let mut cgroups = Cgroups::at(Some(root.path().to_owned()));
        assert_eq!(cgroups.seat(now, 1), None);
        let late = root.path().join("late.scope");
        fs::create_dir(&late).unwrap();
        assert_eq!(cgroups.seat(now, inode(&late)), None, "walked a moment ago");
        let later = now + BETWEEN_WALKS_AT_LEAST;
        assert!(cgroups.seat(later, inode(&late)).is_some());
        fs::remove_dir(&late).unwrap();
        assert!(cgroups.seat(later + BETWEEN_WALKS_AT_LEAST, inode(root.path())).is_some());
        assert_eq!(cgroups.seat(later + BETWEEN_WALKS_AT_LEAST, 1), None);
        assert_eq!(cgroups.len(), (2, 1), "an id that is missing costs no second walk");
    }

    #[test]
    fn both_tables_keep_their_caps() {
        let root = tempfile::tempdir().unwrap();
        for group in 0..10 {
            fs::create_dir_all(root.path().join(format!("{group}.slice/deep.scope"))).unwrap();
        }
        assert_eq!(walk(root.path(), MAX_CGROUPS).len(), 21);
        let cut = walk(root.path(), 11);
        assert_eq!(cut.len(), 11);
        assert!(cut.contains_key(&inode(&root.path().join("7.slice"))), "what lies highest is kept");

        let mut now = crate::clock::monotonic();
        let mut cgroups = Cgroups::at(Some(PathBuf::from("/nonexistent")));
        cgroups.seat(now, 1);
        for id in 0..u64::try_from(MAX_MISSING).unwrap() {
            now += BETWEEN_WALKS_AT_LEAST;
            cgroups.seat(now, u64::MAX - id);
        }
        assert_eq!(cgroups.len(), (0, 1), "full, and begun anew");
    }
}
