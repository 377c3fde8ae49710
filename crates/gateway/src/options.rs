//! What the gateway is told by the settings `gateways.s3.*`.

use std::time::Duration;

use http::Uri;

use crate::CorsOptions;

/// A flat bucket that shows a part of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAlias {
    /// Name of the bucket.
    pub name: String,
    /// Repository.
    pub repository: String,
    /// Reference expression.
    pub reference: String,
    /// What every key begins with inside the reference; empty, or ending in `/`.
    pub prefix: String,
}

/// Settings of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Host names, lower case: requests to one below them name their bucket in the host.
    pub domains: Vec<String>,
    /// Region told to clients. Any region is accepted in a signature.
    pub region: String,
    /// Flat buckets.
    pub aliases: Vec<BucketAlias>,
    /// Whether creating a bucket makes a repository and an alias of it. For conformance suites only.
    pub test_buckets: bool,
    /// Where repositories of test buckets keep their objects: a storage namespace to append the name to.
    pub test_namespace: String,
    /// Whether keys of one repository may share an object when copied.
    pub copy_clones: bool,
    /// Smallest part but the last of a multipart upload, bytes.
    pub min_part_bytes: u64,
    /// Largest body of one put or part, bytes.
    pub max_put_bytes: u64,
    /// A body that stands still for this long is given up.
    pub body_idle: Duration,
    /// Uploads in parts that nobody completed or aborted are removed at this age.
    pub upload_lifetime: Duration,
    /// The S3 service that requests for unknown buckets are handed on to: an absolute address.
    pub fallback: Option<Uri>,
    /// What pages of other origins may do; nothing when `None`.
    pub cors: Option<CorsOptions>,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            domains: vec!["s3.local.lakefs.io".to_owned()],
            region: "us-east-1".to_owned(),
            aliases: Vec::new(),
            test_buckets: false,
            test_namespace: String::new(),
            copy_clones: false,
            min_part_bytes: 5 << 20,
            max_put_bytes: 5 << 30,
            body_idle: Duration::from_mins(1),
            upload_lifetime: Duration::from_hours(7 * 24),
            fallback: None,
            cors: None,
        }
    }
}
