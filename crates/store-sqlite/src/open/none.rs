//! A browser has no database files by path: see `SqliteDatabase::on_pool`.
