"""The sandbox's tables that are no processor records: mail, texts, and calls to be made to other systems.

Instants ending in _at are the sandbox's clock in epoch seconds; `due` of a call is the real one, so that retries
come although the sandbox's clock may stand.
"""

TABLES = {
    "mails": """
        number INTEGER PRIMARY KEY, received_at REAL, sender TEXT, recipient TEXT, subject TEXT, message_id TEXT,
        raw BLOB
    """,
    "texts": """
        number INTEGER PRIMARY KEY, sid TEXT UNIQUE, direction TEXT, sender TEXT, recipient TEXT, body TEXT,
        status TEXT, error_code INTEGER, callback TEXT, key TEXT, created_at REAL, sent_at REAL, updated_at REAL
    """,
    "opt_outs": "sender TEXT, recipient TEXT, PRIMARY KEY (sender, recipient)",
    "calls": """
        number INTEGER PRIMARY KEY, source TEXT, subject TEXT, url TEXT, headers TEXT, body TEXT, due REAL,
        attempts INTEGER DEFAULT 0, most INTEGER, pause REAL, state TEXT DEFAULT 'waiting', answer INTEGER,
        error TEXT, effect TEXT, made_at REAL, done_at REAL
    """,
    "genesis_entries": """
        number INTEGER PRIMARY KEY, key TEXT, patient_id TEXT, order_id TEXT, kind TEXT, amount TEXT, posted_on TEXT,
        description TEXT, clerk TEXT, changed INTEGER
    """,
    "genesis_tasks": """
        number INTEGER PRIMARY KEY, key TEXT, patient_id TEXT, type TEXT, text TEXT, priority TEXT, created INTEGER,
        due TEXT, assignee TEXT, amount TEXT, status TEXT, closed_by TEXT, closed_at INTEGER, closed_reason TEXT,
        changed INTEGER
    """,
    "genesis_appointments": """
        number INTEGER PRIMARY KEY, key TEXT UNIQUE, version INTEGER, patient_id TEXT, provider_id TEXT, type_id TEXT,
        starts_at TEXT, minutes TEXT, status TEXT
    """,
    "cash_practice": "resource TEXT, id TEXT, changed INTEGER, said TEXT, PRIMARY KEY (resource, id)",
    "cliniko": """
        resource TEXT, id TEXT, created TEXT, updated TEXT, left_out TEXT, said TEXT, PRIMARY KEY (resource, id)
    """,
    "views": "number INTEGER PRIMARY KEY, link_id TEXT, seen_at REAL, remote_ip TEXT",
}
INDEXES = {
    "mails_recipient": "mails (recipient)",
    "mails_message_id": "mails (message_id)",
    "texts_recipient": "texts (recipient, number)",
    "texts_sender": "texts (sender, number)",
    "texts_key": "texts (key) WHERE key IS NOT NULL",
    "calls_due": "calls (due) WHERE state = 'waiting'",
    "calls_source": "calls (source, number)",
    "cash_practice_changed": "cash_practice (resource, changed, id)",
    "cliniko_updated": "cliniko (resource, updated, id, left_out)",
    "cliniko_created": "cliniko (resource, created, id)",
    "views_link": "views (link_id)",
    "genesis_entries_key": "genesis_entries (key)",
    "genesis_entries_changed": "genesis_entries (changed, number)",
    "genesis_tasks_key": "genesis_tasks (key)",
    "genesis_tasks_changed": "genesis_tasks (changed, number)",
    "genesis_tasks_patient": "genesis_tasks (patient_id)",
}


def schema() -> list[str]:
    """The statements that make whatever is missing."""
    tables = [f"CREATE TABLE IF NOT EXISTS {name} ({columns})" for name, columns in TABLES.items()]
    return tables + [f"CREATE INDEX IF NOT EXISTS {name} ON {where}" for name, where in INDEXES.items()]
