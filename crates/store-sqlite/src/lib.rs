//! The store on embedded SQLite: one database for many tenants and many processes.
