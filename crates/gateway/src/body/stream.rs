//! The stream between connection and store: takes the framing off and keeps the body to what was said
//! of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body::Body as _;
use lakefs_service::BlockError;
use lakefs_sigv4::ChunkSigner;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, Sleep, sleep};

use super::Verdict;
use super::chunks::{ChunkDecoder, FrameError, Piece};
use super::plan::{BodyPlan, Claim, Framing, invalid_value};
use crate::checksum::{Digest, Hasher};
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm as Algorithm;
use crate::{BodyError, RequestBody};

/// The bytes of an object as they come from the connection.
pub(super) struct CheckedBody {
    source: RequestBody,
    /// What came and was not looked at yet.
    input: Bytes,
    checks: Checks,
    idle: Idle,
    verdict: Verdict,
    finished: bool,
}

impl CheckedBody {
    pub(super) fn new(source: RequestBody, plan: BodyPlan, verdict: Verdict) -> Self {
        Self {
            source,
            input: Bytes::new(),
            idle: Idle::new(plan.idle),
            checks: Checks::new(plan),
            verdict,
            finished: false,
        }
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, S3Error>> {
        loop {
            while !self.input.is_empty() {
                if let Some(data) = self.checks.next(&mut self.input)? {
                    return Poll::Ready(Ok(Some(data)));
                }
            }
            match Pin::new(&mut self.source).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.idle.moved();
                    // Trailers of HTTP itself say nothing in S3.
                    if let Ok(data) = frame.into_data() {
                        self.input = data;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let failure = match error.downcast_ref::<BodyError>() {
                        Some(error) => error.into(),
                        None => S3Error::new(Code::IncompleteBody),
                    };
                    return Poll::Ready(Err(failure.caused_by(error)));
                }
                Poll::Ready(None) => {
                    let checksum = self.checks.finish()?;
                    self.verdict.verified(checksum);
                    return Poll::Ready(Ok(None));
                }
                Poll::Pending => {
                    ready!(self.idle.poll(context));
                    return Poll::Ready(Err(S3Error::new(Code::RequestTimeout)));
                }
            }
        }
    }
}

impl Stream for CheckedBody {
    type Item = Result<Bytes, BlockError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.finished {
            return Poll::Ready(None);
        }
        let outcome = ready!(self.poll_data(context));
        Poll::Ready(match outcome {
            Ok(Some(data)) => Some(Ok(data)),
            Ok(None) => {
                self.finished = true;
                None
            }
            Err(failure) => {
                self.finished = true;
                Some(Err(BlockError::Body(failure.into())))
            }
        })
    }
}

/// Notices a body that stands still. No timer runs while bytes are there to be read.
struct Idle {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Idle {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            timer: None,
            running: false,
        }
    }

    fn moved(&mut self) {
        self.running = false;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.running {
                    timer.as_mut().reset(Instant::now() + self.limit);
                }
                timer
            }
            none => none.insert(Box::pin(sleep(self.limit))),
        };
        self.running = true;
        timer.as_mut().poll(context)
    }
}

/// Everything that is checked of the bytes themselves. No I/O.
#[derive(Debug)]
struct Checks {
    chunks: Option<Chunks>,
    length: Option<u64>,
    max_bytes: u64,
    too_large: Code,
    received: u64,
    sha256: Option<([u8; 32], Sha256)>,
    claim: Claim,
    hasher: Option<Hasher>,
}

#[derive(Debug)]
struct Chunks {
    decoder: ChunkDecoder,
    signer: Option<(ChunkSigner, Sha256)>,
    trailer: Option<Digest>,
}

impl Checks {
    fn new(plan: BodyPlan) -> Self {
        let chunks = match plan.framing {
            Framing::None => None,
            Framing::Chunks {
                signed,
                signer,
                trailers,
            } => Some(Chunks {
                decoder: ChunkDecoder::new(signed, trailers),
                signer: signer.map(|signer| (signer, Sha256::new())),
                trailer: None,
            }),
        };
        // One pass of SHA-256 answers both questions.
        let shared = plan.sha256.is_some() && plan.checksum.algorithm() == Some(Algorithm::Sha256);
        let hasher = plan.checksum.algorithm().filter(|_| !shared);
        Self {
            chunks,
            length: plan.length,
            max_bytes: plan.max_bytes,
            too_large: plan.too_large,
            received: 0,
            sha256: plan.sha256.map(|hash| (hash, Sha256::new())),
            claim: plan.checksum,
            hasher: hasher.map(Hasher::new),
        }
    }

    /// The next data of `input`; consumes all of it before it answers none.
    fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, S3Error> {
        let data = match &mut self.chunks {
            None => Some(std::mem::take(input)),
            Some(_) => self.next_of_chunks(input)?,
        };
        let Some(data) = data else { return Ok(None) };
        self.count(data.len() as u64)?;
        if let Some((_, hasher)) = &mut self.sha256 {
            hasher.update(&data);
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&data);
        }
        Ok(Some(data))
    }

    fn count(&mut self, bytes: u64) -> Result<(), S3Error> {
        self.received += bytes;
        if self.length.is_some_and(|length| self.received > length) {
            return Err(S3Error::new(Code::IncompleteBody));
        }
        if self.received > self.max_bytes {
            return Err(S3Error::new(self.too_large));
        }
        Ok(())
    }

    fn next_of_chunks(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, S3Error> {
        let Some(chunks) = &mut self.chunks else {
            return Ok(None);
        };
        while let Some(piece) = chunks.decoder.next(input).map_err(frame_failure)? {
            match piece {
                Piece::Chunk { length } => {
                    let left = self.length.map(|whole| whole.saturating_sub(self.received));
                    if left.is_some_and(|left| length > left) {
                        return Err(S3Error::new(Code::IncompleteBody));
                    }
                }
                Piece::Data(data) => {
                    if let Some((_, hasher)) = &mut chunks.signer {
                        hasher.update(&data);
                    }
                    return Ok(Some(data));
                }
                Piece::ChunkEnd { signature } => chunks.chunk_end(signature.as_deref())?,
                Piece::Trailers { fields, signature } => {
                    chunks.trailers(&fields, signature.as_deref(), self.claim)?;
                }
            }
        }
        Ok(None)
    }

    /// Judges the whole body; answers its checksum.
    fn finish(&mut self) -> Result<Option<Digest>, S3Error> {
        let mut trailer = None;
        if let Some(chunks) = &self.chunks {
            chunks.decoder.finish().map_err(frame_failure)?;
            trailer = chunks.trailer;
        }
        if self.length.is_some_and(|length| self.received != length) {
            return Err(S3Error::new(Code::IncompleteBody));
        }
        let sha256 = self.sha256.take();
        let shared = match (&sha256, &self.hasher) {
            (Some((_, hasher)), None) if self.claim != Claim::None => {
                Some(Hasher::of_sha256(hasher.clone()))
            }
            _ => None,
        };
        if let Some((expected, hasher)) = sha256
            && hasher.finalize()[..] != expected
        {
            return Err(S3Error::new(Code::Sha256Mismatch));
        }
        let Some(hasher) = self.hasher.take().or(shared) else {
            return Ok(None);
        };
        let computed = hasher.finish();
        let claimed = match self.claim {
            Claim::Value(value) => Some(value),
            Claim::Trailer(_) => trailer,
            Claim::None | Claim::Compute(_) => None,
        };
        if claimed.is_some_and(|claimed| claimed != computed) {
            let name = computed.algorithm().as_str();
            return Err(S3Error::with(
                Code::BadDigest,
                format!("The {name} you specified did not match the calculated checksum."),
            ));
        }
        Ok(Some(computed))
    }
}

impl Chunks {
    fn chunk_end(&mut self, signature: Option<&str>) -> Result<(), S3Error> {
        let Some((signer, hasher)) = &mut self.signer else {
            return Ok(());
        };
        let hash = hex::encode(hasher.finalize_reset());
        if signer.verify_chunk(&hash, signature.unwrap_or_default()) {
            return Ok(());
        }
        Err(S3Error::new(Code::SignatureDoesNotMatch))
    }

    /// Trailers must be those announced, no more and no fewer.
    fn trailers(
        &mut self,
        fields: &[(String, String)],
        signature: Option<&str>,
        claim: Claim,
    ) -> Result<(), S3Error> {
        if let Some((signer, _)) = &mut self.signer {
            let mut lines = String::new();
            for text in fields
                .iter()
                .flat_map(|(name, value)| [name, ":", value, "\n"])
            {
                lines.push_str(text);
            }
            if !signer.verify_trailer(&lines, signature.unwrap_or_default()) {
                return Err(S3Error::new(Code::SignatureDoesNotMatch));
            }
        }
        let announced = match claim {
            Claim::Trailer(algorithm) => Some(algorithm),
            _ => None,
        };
        match (announced, fields) {
            (None, []) => Ok(()),
            (Some(algorithm), [(name, value)]) if name == algorithm.header_name() => {
                let checksum = Digest::parse(algorithm, value);
                let invalid = || invalid_value(algorithm, "trailing header");
                self.trailer = Some(checksum.ok_or_else(invalid)?);
                Ok(())
            }
            _ => Err(S3Error::new(Code::MalformedTrailer)),
        }
    }
}

fn frame_failure(error: FrameError) -> S3Error {
    let code = match error {
        FrameError::Trailer => Code::MalformedTrailer,
        FrameError::TooLong => Code::InvalidRequest,
        FrameError::Line | FrameError::ChunkEnd | FrameError::Behind | FrameError::Unfinished => {
            Code::IncompleteBody
        }
    };
    S3Error::new(code).caused_by(error)
}
