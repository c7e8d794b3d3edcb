//! What `/metrics` tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper ends of the buckets for durations, seconds.
const DURATIONS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// The numbers of one server. Each has its own, so that several may run in a process.
pub(crate) struct Meter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    in_flight: AtomicI64,
    watchers: AtomicI64,
}

/// Something that is counted for as long as it lasts.
pub(crate) struct Lasting {
    meter: Arc<Meter>,
    which: fn(&Meter) -> &AtomicI64,
}

impl Drop for Lasting {
    fn drop(&mut self) {
        (self.which)(&self.meter).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        let builder = PrometheusBuilder::new();
        // The buckets are a constant that is not empty, which is all that can be wrong with them.
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &DURATIONS)
            .unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe_counter!(
                "tarbox_http_requests_total",
                "Requests, by method, route and status"
            );
            describe_histogram!(
                "tarbox_http_request_seconds",
                Unit::Seconds,
                "Time from a request to the head of its answer, by method and route"
            );
            describe_gauge!("tarbox_http_requests_in_flight", "Requests without an answer yet");
            describe_gauge!("tarbox_watchers", "Open event streams");
            describe_gauge!("tarbox_tenants_open", "Tenants whose files are open");
            describe_counter!("tarbox_commits_total", "Commits of the database by this server");
            describe_counter!("tarbox_block_bytes_written_total", "Bytes of blocks written");
            describe_counter!(
                "tarbox_block_bytes_read_total",
                "Bytes of blocks read from the database"
            );
            describe_counter!("tarbox_row_hits_total", "Rows found in memory");
            describe_counter!("tarbox_row_misses_total", "Rows loaded from the database");
            describe_gauge!("tarbox_cache_bytes", Unit::Bytes, "Bytes of rows in memory");
            describe_gauge!("tarbox_pending_rows", "Changed rows that no commit holds yet");
        });
        Arc::new(Self {
            recorder,
            handle,
            in_flight: AtomicI64::new(0),
            watchers: AtomicI64::new(0),
        })
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        metrics::with_local_recorder(&self.recorder, || {
            let (method, route) = (method.to_owned(), route.to_owned());
            let labels = [("method", method), ("route", route)];
            histogram!("tarbox_http_request_seconds", &labels).record(took.as_secs_f64());
            let [method, route] = labels;
            let labels = [method, route, ("status", status.to_string())];
            counter!("tarbox_http_requests_total", &labels).increment(1);
        });
    }

    /// The numbers, as Prometheus reads them.
    pub(crate) fn render(&self, tenants: usize, work: &tarbox_store::Performance) -> String {
        metrics::with_local_recorder(&self.recorder, || {
            gauge!("tarbox_http_requests_in_flight").set(self.in_flight.load(Ordering::Relaxed) as f64);
            gauge!("tarbox_watchers").set(self.watchers.load(Ordering::Relaxed) as f64);
            gauge!("tarbox_tenants_open").set(tenants as f64);
            gauge!("tarbox_cache_bytes").set(work.cached as f64);
            gauge!("tarbox_pending_rows").set(work.pending as f64);
            counter!("tarbox_commits_total").absolute(work.commits);
            counter!("tarbox_block_bytes_written_total").absolute(work.bytes_written);
            counter!("tarbox_block_bytes_read_total").absolute(work.bytes_read);
            counter!("tarbox_row_hits_total").absolute(work.row_hits);
            counter!("tarbox_row_misses_total").absolute(work.row_misses);
        });
        self.handle.run_upkeep();
        self.handle.render()
    }

    /// Counts a request until what is answered goes.
    pub(crate) fn request(self: &Arc<Self>) -> Lasting {
        self.lasting(|meter| &meter.in_flight)
    }

    /// Counts an event stream until what is answered goes.
    pub(crate) fn watcher(self: &Arc<Self>) -> Lasting {
        self.lasting(|meter| &meter.watchers)
    }

    fn lasting(self: &Arc<Self>, which: fn(&Self) -> &AtomicI64) -> Lasting {
        which(self).fetch_add(1, Ordering::Relaxed);
        Lasting {
            meter: self.clone(),
            which,
        }
    }
}
