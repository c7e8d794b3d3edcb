#![no_main]

use axum::http::{HeaderMap, HeaderValue, header};
use tarbox_rest::answer::Part;
use tarbox_rest::conditions::Conditions;
use tarbox_rest::range::{Wanted, wanted};
use tarbox_store::Attr;

// Whatever the head of a request asks for, what is answered lies in the file.
libfuzzer_sys::fuzz_target!(|input: (u64, &str, &str, &str)| {
    let (size, range, condition, if_range) = input;
    let mut headers = HeaderMap::new();
    for (name, text) in [
        (header::RANGE, range),
        (header::IF_MATCH, condition),
        (header::IF_NONE_MATCH, condition),
        (header::IF_RANGE, if_range),
    ] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    if let Wanted::Part(from, to) = wanted(&headers, size) {
        assert!(from < to && to <= size, "{from} to {to} of {size}");
    }
    let attr = Attr { size, ..file() };
    let Ok(conditions) = Conditions::of(&headers) else {
        return;
    };
    let _ = conditions.allow_change(Some(&attr));
    let _ = conditions.allow_change(None);
    if let Ok(part) = Part::of(&headers, &conditions, &attr) {
        let (from, to) = part.bytes();
        assert!(from <= to && to <= size, "{part:?} of {size}");
        let _ = part.head(&attr);
    }
});

/// The attributes of a file.
fn file() -> Attr {
    use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
    use tarbox_store::{Database, Quota};
    static FILE: std::sync::OnceLock<Attr> = std::sync::OnceLock::new();
    *FILE.get_or_init(|| {
        let options = tarbox_store_sqlite::Options::new().create(true);
        let database = tarbox_store_sqlite::SqliteDatabase::in_memory(&options).expect("memory");
        blocking(database.create_tenant("t", Quota::default())).expect("a tenant");
        let fs = blocking(Fs::open_tenant(&database, "t")).expect("its files");
        let who = Credentials::root("fuzz");
        blocking(fs.write_file(&who, "/f", b"x")).expect("a file");
        blocking(fs.stat(&who, "/f")).expect("its attributes")
    })
}
