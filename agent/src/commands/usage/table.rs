//! The rows of `usage` for a reader: one block a day, numbers to the right, then what had no row.

use std::io::{self, Write};

use super::Row;
use crate::{pipeline::Pipeline, summarize::Day};

const HEADINGS: [&str; 10] =
    ["service", "need", "evidence", "by", "place", "tries", "failed", "up", "down", "active"];
/// Columns from this one on hold numbers and stand to the right.
const FIRST_NUMBER: usize = 5;

pub(super) fn write(rows: &[Row<'_>], pipeline: &Pipeline, out: &mut impl Write) -> io::Result<()> {
    let cells: Vec<_> = rows.iter().map(|row| (row.day, cells(row))).collect();
    let mut widths = HEADINGS.map(str::len);
    for (_, row) in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    if pipeline.days().next().is_none() {
        return writeln!(out, "no connection to the outside");
    }
    for day in pipeline.days() {
        writeln!(out, "{}", day.date.strftime("%a %d %b %Y"))?;
        if rows.iter().any(|row| row.day == day.date) {
            write_line(&HEADINGS.map(str::to_owned), &widths, out)?;
        }
        for (row, (_, cells)) in rows.iter().zip(&cells).filter(|(row, _)| row.day == day.date) {
            write_line(cells, &widths, out)?;
            for reason in &row.because {
                writeln!(out, "      {}: {}", reason.evidence.as_str(), reason.words)?;
            }
        }
        writeln!(out, "  {}\n", unseen(day))?;
    }
    Ok(())
}

fn write_line(cells: &[String; 10], widths: &[usize; 10], out: &mut impl Write) -> io::Result<()> {
    let mut line = String::from(" ");
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let cell =
            if column < FIRST_NUMBER { format!(" {cell:<width$} ") } else { format!(" {cell:>width$} ") };
        line.push_str(&cell);
    }
    writeln!(out, "{}", line.trim_end())
}

fn cells(row: &Row<'_>) -> [String; 10] {
    let known = |word: &str| if word == "unknown" { "-".to_owned() } else { word.to_owned() };
    let counted = |count: u32| if count == 0 { "-".to_owned() } else { count.to_string() };
    [
        row.service.or(row.domain).unwrap_or("-").to_owned(),
        row.need.unwrap_or("-").to_owned(),
        row.evidence.to_owned(),
        known(row.app_class),
        known(row.place),
        counted(row.tries),
        counted(row.failed),
        bytes(row.bytes_up),
        bytes(row.bytes_down),
        if row.active_minutes == 0 { "-".to_owned() } else { format!("{} min", row.active_minutes) },
    ]
}

/// What a day had beside its rows.
fn unseen(day: &Day) -> String {
    let spots = &day.blind_spots;
    let of = [
        (spots.plumbing, "to advertising, system and update hosts"),
        (spots.unnamed, "without a name"),
        (spots.encrypted_hello, "with a hidden hello"),
        (spots.encrypted_dns, "for encrypted DNS"),
        (spots.tunnels, "tunnels"),
    ];
    let told: Vec<_> =
        of.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let connections = match spots.connections {
        1 => "1 connection".to_owned(),
        count => format!("{count} connections"),
    };
    if told.is_empty() { connections } else { format!("{connections}, of which {}", told.join(", ")) }
}

/// Bytes in three or four characters and a unit of thousands: `812 B`, `4.2 kB`, `37 MB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut tenths = count / 100;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while tenths >= 9_995
        && let Some(next) = units.next()
    {
        tenths = (tenths + 500) / 1_000;
        unit = Some(next);
    }
    let unit = unit.copied().unwrap_or_default();
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", (tenths + 5) / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_short_and_rounded() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (10_000, "10 kB"),
            (999_400, "999 kB"),
            (1_049_000, "1.0 MB"),
            (37_400_000, "37 MB"),
            (2_500_000_000, "2.5 GB"),
            (u64::MAX, "18447 PB"),
        ];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected, "{count}");
        }
    }
}
