//! The one place where calls leave a trace: an event for the audit log and one more on the usage
//! counter.

use tracing::Level;

use crate::{Caller, Result, Service};

/// What is being done, for the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Operation, as the REST contract names it.
    pub(crate) operation: &'static str,
    /// Repository, if it is about one.
    pub(crate) repository: &'a str,
    /// Branch, tag or reference expression, if it is about one.
    pub(crate) reference: &'a str,
}

impl<'a> Call<'a> {
    /// An operation on nothing in particular.
    pub(crate) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            repository: "",
            reference: "",
        }
    }

    /// An operation on a repository.
    pub(crate) fn on(operation: &'static str, repository: &'a str) -> Self {
        Self {
            repository,
            ..Self::new(operation)
        }
    }

    /// An operation on a branch, tag or reference expression.
    pub(crate) fn at(operation: &'static str, repository: &'a str, reference: &'a str) -> Self {
        Self {
            reference,
            ..Self::on(operation, repository)
        }
    }
}

impl Service {
    /// Does the work of a call and records how it ended. A call dropped half way (the client went
    /// away) is recorded too.
    pub(crate) async fn audited<T>(
        &self,
        caller: &Caller,
        call: Call<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let trace = self.begin_call(caller, call);
        // On the heap: the engine's operations are deep, and every layer above would carry their
        // state in its own.
        let result = Box::pin(work).await;
        trace.end_with(&result);
        result
    }

    /// Begins a call that takes several steps of its caller. Dropped without an end it is recorded as
    /// abandoned.
    pub(crate) fn begin_call<'a>(&self, caller: &'a Caller, call: Call<'a>) -> Trace<'a> {
        self.usage().count();
        Trace {
            level: self.options().audit_level,
            caller,
            call,
            outcome: None,
        }
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    level: Level,
    caller: &'a Caller,
    call: Call<'a>,
    outcome: Option<&'static str>,
}

impl Trace<'_> {
    /// Goes on with what a step made. A step that failed is the end of the call.
    pub(crate) fn after<T>(self, step: Result<T>) -> Result<(Self, T)> {
        match step {
            Ok(made) => Ok((self, made)),
            Err(error) => {
                let result = Err(error);
                self.end_with(&result);
                result
            }
        }
    }

    /// Records how the call ended.
    pub(crate) fn end_with<T>(mut self, result: &Result<T>) {
        self.outcome = Some(match result {
            Ok(_) => "ok",
            Err(error) => error.kind().as_str(),
        });
    }
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        let Call {
            operation,
            repository,
            reference,
        } = self.call;
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    target: "lakefs::audit",
                    $level,
                    log_audit = true,
                    operation,
                    user = self.caller.user_name(),
                    request_id = self.caller.request_id,
                    source_ip = self.caller.source_ip.map(tracing::field::display),
                    client = self.caller.client,
                    repository,
                    r#ref = reference,
                    outcome = self.outcome.unwrap_or("abandoned"),
                    "call"
                )
            };
        }
        match self.level {
            Level::ERROR => event!(Level::ERROR),
            Level::WARN => event!(Level::WARN),
            Level::INFO => event!(Level::INFO),
            Level::DEBUG => event!(Level::DEBUG),
            Level::TRACE => event!(Level::TRACE),
        }
    }
}
