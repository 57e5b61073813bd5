//! Tables of plain text: a head with the columns' names, a row a line, a cell in quotes where it has a comma.

use std::{fs, path::Path};

use anyhow::{Context, ensure};

/// The wanted columns of each row, and the line it stands on.
#[derive(Debug)]
pub(super) struct Row<const N: usize> {
    pub(super) line: usize,
    /// In the order asked for.
    pub(super) cells: [String; N],
}

/// What a table is called in what is printed: `held-out/services.csv`.
pub(super) fn title(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    match path.parent().and_then(Path::file_name) {
        Some(folder) => format!("{}/{file}", folder.to_string_lossy()),
        None => file.into_owned(),
    }
}

/// Reads a file that has all of these columns, in any order and among others.
pub(super) fn read<const N: usize>(path: &Path, columns: [&str; N]) -> anyhow::Result<Vec<Row<N>>> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    parse(&text, columns).with_context(|| path.display().to_string())
}

/// Whether a file's head has a column.
pub(super) fn has_column(path: &Path, column: &str) -> anyhow::Result<bool> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    Ok(text.lines().next().is_some_and(|head| cells(head).iter().any(|cell| cell == column)))
}

fn parse<const N: usize>(text: &str, columns: [&str; N]) -> anyhow::Result<Vec<Row<N>>> {
    let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    let (_, head) = lines.next().context("is empty")?;
    let head = cells(head);
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = head
            .iter()
            .position(|cell| cell == column)
            .with_context(|| format!("has no column '{column}', only {}", head.join(", ")))?;
    }
    let mut rows = Vec::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let found = cells(text);
        let many = found.len();
        ensure!(many == head.len(), "line {line} has {many} cells and the head {}", head.len());
        rows.push(Row { line, cells: places.map(|place| found[place].clone()) });
    }
    ensure!(!rows.is_empty(), "has no row");
    Ok(rows)
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let cell = cells.last_mut().expect("there is always one");
        match char {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cell.push(char),
        }
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn columns_are_found_by_their_names() {
        let rows = parse("b,x,a\n1,,\"two, \"\"too\"\"\"\n\n3,y,4\r\n", ["a", "b"]).unwrap();
        let cells: Vec<_> = rows.iter().map(|row| (row.line, row.cells.join("|"))).collect();
        assert_eq!(cells, [(2, "two, \"too\"|1".to_owned()), (4, "4|3".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let cases = [
            ("", "is empty"),
            ("a,b\n", "has no row"),
            ("a,c\n1,2\n", "has no column 'b', only a, c"),
            ("a,b\n1,2\n3\n", "line 3 has 1 cells and the head 2"),
        ];
        for (text, reason) in cases {
            assert_eq!(parse(text, ["a", "b"]).unwrap_err().to_string(), reason);
        }
    }
}
