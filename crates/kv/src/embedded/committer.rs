//! Group commit: one thread stores all writes, any number of callers share one sync.
//!
//! Callers queue their writes and wait. The thread takes everything queued, decides the conditional
//! writes in queue order against what is stored and what this batch changes, stores the batch with
//! one sync and answers everyone. Meanwhile the next batch gathers. As it is the only writer, a
//! decision holds until its batch is stored.
//!
//! A sync costs some 150 µs of processor time, whatever its size. Where callers share one core with
//! this thread, few of them get to queue anything during a sync, and small batches would eat the
//! core. So the thread waits a little for those it has just answered, as long as they keep coming
//! ([`Gathering`]); a caller that is alone is never kept waiting.
//!
//! A caller that goes away leaves its write queued: it happens or, at a crash, does not.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fjall::{UserKey, UserValue};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::engine::{ApplyError, Change};
use super::slot::EngineSlot;
use crate::{KvError, Predicate, SetIfOutcome};

/// Most bytes queued, counted in units of [`ROOM_UNIT`]; callers wait for room beyond.
const ROOM_UNITS: u32 = 32 << 10;
const ROOM_UNIT: usize = 1 << 10;

/// A write as it is queued.
#[derive(Debug)]
pub(super) enum Request {
    /// One unconditional change.
    One(Change),
    /// Several.
    Many(Vec<Change>),
    /// A conditional write.
    SetIf {
        /// The engine key.
        key: UserKey,
        /// The value.
        value: UserValue,
        /// When.
        condition: Condition,
    },
}

/// A [`Predicate`] that owns its value.
#[derive(Debug)]
pub(super) enum Condition {
    Absent,
    Exists,
    Value(Vec<u8>),
}

impl Condition {
    pub(super) fn of(predicate: Predicate<'_>) -> Self {
        match predicate {
            Predicate::Absent => Self::Absent,
            Predicate::Exists => Self::Exists,
            Predicate::Value(value) => Self::Value(value.to_vec()),
        }
    }

    fn holds(&self, current: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => Predicate::Absent.holds(current),
            Self::Exists => Predicate::Exists.holds(current),
            Self::Value(value) => Predicate::Value(value).holds(current),
        }
    }
}

impl Request {
    fn bytes(&self) -> usize {
        let size =
            |key: &UserKey, value: Option<&UserValue>| key.len() + value.map_or(0, |v| v.len());
        match self {
            Self::One((key, value)) => size(key, value.as_ref()),
            Self::Many(changes) => changes
                .iter()
                .map(|(key, value)| size(key, value.as_ref()))
                .sum(),
            Self::SetIf { key, value, .. } => size(key, Some(value)),
        }
    }
}

/// A batch is kept open for the next caller this long, and for all together at most so long.
const GATHER_STEP: Duration = Duration::from_micros(150);
const GATHER_LIMIT: Duration = Duration::from_millis(2);

/// Decides how many callers are worth waiting for.
#[derive(Debug, Default)]
struct Gathering {
    /// Callers seen at the last batch: those it answered and those already queued behind it.
    callers: usize,
}

impl Gathering {
    fn finished(&mut self, answered: usize, queued: usize) {
        self.callers = answered + queued;
    }

    /// How full a batch must be to be stored at once: most of the callers, since some may be gone.
    fn enough(&self) -> usize {
        self.callers - self.callers / 4
    }
}

type Answer = Result<SetIfOutcome, KvError>;

#[derive(Debug)]
struct Job {
    operation: &'static str,
    request: Request,
    answer: oneshot::Sender<Answer>,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug, Default)]
struct Queued {
    jobs: Vec<Job>,
    closed: bool,
    /// The thread sleeps until so many jobs are queued; 0 while it is at work.
    wake_at: usize,
}

#[derive(Debug, Default)]
struct Queue {
    queued: Mutex<Queued>,
    filled: Condvar,
}

impl Queue {
    fn push(&self, job: Job) {
        let mut queued = self.queued.lock();
        if queued.closed {
            // Dropping the job answers it.
            return;
        }
        queued.jobs.push(job);
        if queued.jobs.len() == queued.wake_at {
            queued.wake_at = 0;
            drop(queued);
            self.filled.notify_one();
        }
    }

    /// Moves everything queued into `jobs`; waits for something, and a little for enough. False once
    /// closed and empty.
    fn take(&self, jobs: &mut Vec<Job>, enough: usize) -> bool {
        let mut queued = self.queued.lock();
        while queued.jobs.is_empty() {
            if queued.closed {
                return false;
            }
            queued.wake_at = 1;
            self.filled.wait(&mut queued);
        }
        let begun = Instant::now();
        while queued.jobs.len() < enough && !queued.closed && begun.elapsed() < GATHER_LIMIT {
            let before = queued.jobs.len();
            queued.wake_at = enough;
            self.filled.wait_for(&mut queued, GATHER_STEP);
            if queued.jobs.len() == before {
                break;
            }
        }
        queued.wake_at = 0;
        std::mem::swap(&mut queued.jobs, jobs);
        true
    }

    fn len(&self) -> usize {
        self.queued.lock().jobs.len()
    }

    fn is_closed(&self) -> bool {
        self.queued.lock().closed
    }
}

/// Held by the thread: however it ends, nobody waits for it afterwards.
struct ClosesOnDrop(Arc<Queue>);

impl Drop for ClosesOnDrop {
    fn drop(&mut self) {
        let mut queued = self.0.queued.lock();
        queued.closed = true;
        queued.jobs.clear();
    }
}

/// The writing side of a store.
#[derive(Debug)]
pub(super) struct Committer {
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread.
    pub(super) fn start(slot: Arc<EngineSlot>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let thread = lakefs_runtime::spawn_thread("kv-commit", {
            let queue = Arc::clone(&queue);
            move || {
                let _closes = ClosesOnDrop(Arc::clone(&queue));
                let mut jobs = Vec::new();
                let mut gathering = Gathering::default();
                while queue.take(&mut jobs, gathering.enough()) {
                    let outcomes = store(&slot, &jobs);
                    // Counted before those who are answered come back.
                    gathering.finished(jobs.len(), queue.len());
                    answer(&mut jobs, outcomes);
                }
            }
        })?;
        Ok(Self {
            queue,
            room: Arc::new(Semaphore::new(ROOM_UNITS as usize)),
            thread: Some(thread),
        })
    }

    /// Queues a write and waits until it is stored. For unconditional writes the outcome is always
    /// `Stored`.
    pub(super) async fn submit(&self, operation: &'static str, request: Request) -> Answer {
        const STOPPED: &str = "the commit thread has stopped";
        let conditional = matches!(request, Request::SetIf { .. });
        let units = u32::try_from(request.bytes() / ROOM_UNIT + 1)
            .unwrap_or(ROOM_UNITS)
            .min(ROOM_UNITS);
        let room = Arc::clone(&self.room)
            .acquire_many_owned(units)
            .await
            .map_err(|_| KvError::Unavailable {
                operation,
                source: STOPPED.into(),
            })?;
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job {
            operation,
            request,
            answer,
            _room: room,
        });
        // Without an answer the thread panicked, before or after it stored this.
        answered.await.unwrap_or_else(|_| {
            let source = STOPPED.into();
            Err(if conditional {
                KvError::Indeterminate { operation, source }
            } else {
                KvError::Unavailable { operation, source }
            })
        })
    }

    /// Whether writes are still taken.
    pub(super) fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }
}

impl Drop for Committer {
    /// Stores what is queued and ends the thread.
    fn drop(&mut self) {
        self.queue.queued.lock().closed = true;
        self.queue.filled.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the key-value commit thread panicked");
        }
    }
}

/// Stores the jobs' writes as one batch; answers the outcome of each.
fn store(slot: &EngineSlot, jobs: &[Job]) -> Result<Vec<Answer>, ApplyError> {
    let try_once = || {
        slot.repair().map_err(|error| {
            tracing::warn!(%error, "key-value store cannot write");
            ApplyError::Refused(error.into())
        })?;
        let plan = Plan::of(jobs, |key| slot.read("set_if", |engine| engine.get(key)));
        if !plan.changes.is_empty() {
            slot.apply(plan.changes.into_iter())?;
        }
        Ok(plan.outcomes)
    };
    match try_once() {
        // The engine had given up before, in the background: it can be replaced right away.
        Err(ApplyError::Refused(_)) => try_once(),
        done => done,
    }
}

/// Tells every caller how its write ended; `jobs` is empty afterwards.
fn answer(jobs: &mut Vec<Job>, outcomes: Result<Vec<Answer>, ApplyError>) {
    match outcomes {
        Ok(outcomes) => {
            for (job, outcome) in jobs.drain(..).zip(outcomes) {
                // Nobody waits for a caller that went away.
                drop(job.answer.send(outcome));
            }
        }
        Err(error) => {
            for job in jobs.drain(..) {
                let failure = failure(&job, &error);
                drop(job.answer.send(Err(failure)));
            }
        }
    }
}

/// What a batch does: decided before anything is written.
struct Plan {
    changes: HashMap<UserKey, Option<UserValue>>,
    outcomes: Vec<Answer>,
}

impl Plan {
    /// Decides the jobs in order.
    fn of(jobs: &[Job], read: impl Fn(&[u8]) -> Result<Option<UserValue>, KvError>) -> Self {
        let mut plan = Self {
            changes: HashMap::with_capacity(jobs.len()),
            outcomes: Vec::with_capacity(jobs.len()),
        };
        for job in jobs {
            let outcome = match &job.request {
                Request::One((key, value)) => {
                    plan.changes.insert(key.clone(), value.clone());
                    Ok(SetIfOutcome::Stored)
                }
                Request::Many(changes) => {
                    plan.changes.extend(changes.iter().cloned());
                    Ok(SetIfOutcome::Stored)
                }
                Request::SetIf {
                    key,
                    value,
                    condition,
                } => plan.decide(key, value, condition, &read),
            };
            plan.outcomes.push(outcome);
        }
        plan
    }

    fn decide(
        &mut self,
        key: &UserKey,
        value: &UserValue,
        condition: &Condition,
        read: impl Fn(&[u8]) -> Result<Option<UserValue>, KvError>,
    ) -> Answer {
        let holds = match self.changes.get(key) {
            Some(changed) => condition.holds(changed.as_deref()),
            None => condition.holds(read(key)?.as_deref()),
        };
        if !holds {
            return Ok(SetIfOutcome::Mismatch);
        }
        self.changes.insert(key.clone(), Some(value.clone()));
        Ok(SetIfOutcome::Stored)
    }
}

/// What the failure of its batch means for a job.
fn failure(job: &Job, error: &ApplyError) -> KvError {
    let operation = job.operation;
    match error {
        ApplyError::Unknown(cause) if matches!(job.request, Request::SetIf { .. }) => {
            KvError::Indeterminate {
                operation,
                source: shared(cause),
            }
        }
        ApplyError::Unknown(cause) | ApplyError::Refused(cause) => KvError::Unavailable {
            operation,
            source: shared(cause),
        },
    }
}

/// The words of a cause that several answers carry.
fn shared(cause: &crate::Cause) -> crate::Cause {
    let mut words = cause.to_string();
    let mut deeper = cause.source();
    while let Some(error) = deeper {
        words = format!("{words}: {error}");
        deeper = error.source();
    }
    words.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(request: Request) -> Job {
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Job {
            operation: "test",
            request,
            answer: oneshot::channel().0,
            _room: room,
        }
    }

    fn set_if(value: &str, condition: Condition) -> Job {
        job(Request::SetIf {
            key: "k".into(),
            value: value.into(),
            condition,
        })
    }

    #[test]
    fn conditions_see_earlier_writes_of_their_batch() {
        use SetIfOutcome::{Mismatch, Stored};
        let jobs = [
            set_if("a", Condition::Value(b"stored".to_vec())),
            set_if("b", Condition::Value(b"stored".to_vec())),
            set_if("c", Condition::Value(b"a".to_vec())),
            job(Request::One(("k".into(), None))),
            set_if("d", Condition::Exists),
            set_if("e", Condition::Absent),
            job(Request::Many(vec![
                ("l".into(), Some("1".into())),
                ("l".into(), Some("2".into())),
            ])),
        ];
        let plan = Plan::of(&jobs, |_| Ok(Some("stored".into())));
        let outcomes: Vec<_> = plan.outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            outcomes,
            [Stored, Mismatch, Stored, Stored, Mismatch, Stored, Stored]
        );
        assert_eq!(plan.changes.len(), 2);
        assert_eq!(plan.changes[b"k".as_slice()].as_deref(), Some(&b"e"[..]));
        assert_eq!(plan.changes[b"l".as_slice()].as_deref(), Some(&b"2"[..]));
    }

    #[test]
    fn a_stopped_thread_leaves_nobody_waiting() {
        let queue = Arc::new(Queue::default());
        let (answer, mut early) = oneshot::channel();
        let request = || Request::One(("k".into(), None));
        queue.push(Job {
            answer,
            ..job(request())
        });
        drop(ClosesOnDrop(Arc::clone(&queue)));
        early.try_recv().unwrap_err();
        let (answer, mut late) = oneshot::channel();
        queue.push(Job {
            answer,
            ..job(request())
        });
        assert_eq!(
            late.try_recv().unwrap_err(),
            oneshot::error::TryRecvError::Closed
        );
        assert!(queue.is_closed());
    }

    #[test]
    fn a_batch_waits_for_most_of_the_callers_of_the_last_one() {
        let mut gathering = Gathering::default();
        assert_eq!(gathering.enough(), 0);
        gathering.finished(1, 0);
        assert_eq!(gathering.enough(), 1);
        gathering.finished(24, 8);
        assert_eq!(gathering.enough(), 24);
    }

    #[test]
    fn a_failed_read_fails_its_own_write_only() {
        let jobs = [
            set_if("a", Condition::Absent),
            job(Request::One(("l".into(), Some("1".into())))),
        ];
        let plan = Plan::of(&jobs, |_| {
            Err(KvError::Unavailable {
                operation: "set_if",
                source: "broken".into(),
            })
        });
        assert!(plan.outcomes[0].is_err());
        assert!(plan.outcomes[1].is_ok());
        assert_eq!(plan.changes.len(), 1);
    }
}
