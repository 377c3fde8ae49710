//! Counts: what clients report, and what the installation served.

use std::fmt::Write as _;

use axum::body::Body;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use lakefs_service::UsageSummary;
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::operation::operation;
use crate::respond::{self, Empty, Whole};

operation! {
    /// Takes note of nothing: accepted, kept nowhere, sent nowhere.
    PostStatsEvents(), body JsonBody<wire::StatsEventsList> => NO_CONTENT Empty;
    |call, _, JsonBody(body)| {
        call.service.post_stats_events(call.caller, body.events.len()).await?;
        Ok(Empty)
    }
}

operation! {
    /// Calls by month, as JSON, or as text where the client prefers it.
    GetUsageReportSummary(), => OK Whole<wire::InstallationUsageReport>;
    |call, _, _| {
        let summary = call.service.get_usage_report_summary(call.caller).await?;
        let accept = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        Ok(Whole::new(match accept {
            Some("text/plain" | "application/text") => as_text(&summary),
            _ => respond::json(StatusCode::OK, &as_json(summary)),
        }))
    }
}

fn as_json(summary: UsageSummary) -> wire::InstallationUsageReport {
    let reports = summary.reports.iter().map(|report| wire::UsageReport {
        count: report.count,
        month: i64::from(report.month),
        year: i64::from(report.year),
    });
    wire::InstallationUsageReport {
        reports: reports.collect(),
        installation_id: summary.installation_id,
    }
}

fn as_text(summary: &UsageSummary) -> Response<Body> {
    let mut text = format!("Usage for installation ID: {}\n", summary.installation_id);
    for report in &summary.reports {
        // Writing to a string cannot fail.
        _ = writeln!(
            text,
            "{:04}-{:02}: {}",
            report.year, report.month, report.count
        );
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
