-- Who may ask the API. Only hashes are kept; `segments` is one a line, empty for everybody.
CREATE TABLE api_tokens (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    role TEXT NOT NULL,
    segments TEXT NOT NULL
) STRICT, WITHOUT ROWID;
