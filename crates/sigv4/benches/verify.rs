//! What checking a signature costs: `cargo bench -p lakefs-sigv4`.
//!
//! One request in a header, one in a query, parsed, covered and verified with a remembered key, as a
//! gateway does it for every request.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "prints its figures, stops at the first surprise"
)]

use std::hint::black_box;

use http::{HeaderMap, HeaderValue, Request};
use lakefs_sigv4::{
    AmzDate, Authorization, Credentials, EMPTY_SHA256, KeyCache, PayloadMode, Received, Signer,
    UNSIGNED_PAYLOAD,
};

const ROUNDS: u32 = 100_000;

fn main() {
    let date = AmzDate::from_unix(1_800_000_000);
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    };
    let signer = Signer::new("s3");
    let request = Request::get("/example-repo/main/data/part-00000.parquet")
        .header("host", "127.0.0.1:8000")
        .header("user-agent", "bench");
    let mut parts = request.body(()).unwrap().into_parts().0;
    let mode = PayloadMode::parse(EMPTY_SHA256).unwrap();
    signer
        .sign(&mut parts, &credentials, "us-east-1", date, &mode)
        .unwrap();
    measure(
        "header",
        &parts.headers,
        parts.uri.path(),
        "",
        EMPTY_SHA256,
        &credentials,
    );

    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:8000"));
    let path = "/example-repo/main/data/part-00000.parquet";
    let url = signer
        .presign(
            "GET",
            path,
            "",
            &headers,
            &credentials,
            "us-east-1",
            date,
            900,
        )
        .unwrap()
        .path_and_query;
    let (_, query) = url.split_once('?').unwrap();
    measure(
        "query",
        &headers,
        path,
        query,
        UNSIGNED_PAYLOAD,
        &credentials,
    );
}

/// Time of this thread on a processor, nanoseconds.
fn on_cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

fn measure(
    name: &str,
    headers: &HeaderMap,
    path: &str,
    query: &str,
    payload: &str,
    credentials: &Credentials,
) {
    let keys = KeyCache::new(16);
    let begun = on_cpu();
    for _ in 0..ROUNDS {
        let received = Received {
            method: "GET",
            path,
            query,
            headers,
        };
        let found = Authorization::parse(black_box(&received)).unwrap();
        found.check_coverage(headers, &[]).unwrap();
        let (id, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
        let key = keys.get(id, secret, &found.scope);
        found.verify(&received, &key, payload).unwrap();
    }
    let each = (on_cpu() - begun) / u64::from(ROUNDS);
    println!("{name}: {each} ns a request");
}
