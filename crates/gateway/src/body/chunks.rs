//! The framing `aws-chunked`: bytes in, data and signatures out. Knows neither digests nor sockets.
//!
//! ```text
//! hex-length[;chunk-signature=<64 hex>] CRLF  data CRLF   … any number, the last of length 0
//! name:value CRLF …  [x-amz-trailer-signature:<64 hex> CRLF]  CRLF      (forms with trailers)
//! ```
//!
//! Strict: digits are hex digits and nothing else, lines end in CRLF, nothing follows the end. Two
//! forms of trailers are taken beside the written one because a client in wide use sends them: trailer lines that end
//! in LF alone, and an empty line between the trailers and their signature, or a second one at the end.
//! Lines are bounded, data is passed on as slices of what came in.

use bytes::{Buf as _, Bytes};

/// Longest line before a chunk, with its end.
pub(super) const MAX_LINE_BYTES: usize = 4 << 10;
/// Most bytes of all trailers.
pub(super) const MAX_TRAILER_BYTES: usize = 16 << 10;
/// Largest signed chunk.
pub(super) const MAX_SIGNED_CHUNK_BYTES: u64 = 16 << 20;

const SIGNATURE: &str = "chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// What stands next in a framed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A chunk of this length begins.
    Chunk { length: u64 },
    /// Bytes of the current chunk.
    Data(Bytes),
    /// The current chunk is complete; its signature where there are any. The last chunk is empty.
    ChunkEnd { signature: Option<String> },
    /// All trailers, by name, and their signature where there is one.
    Trailers {
        fields: Vec<(String, String)>,
        signature: Option<String>,
    },
}

/// A body that is not framed as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the line before a chunk is malformed")]
    Line,
    #[error("a chunk is longer than allowed")]
    TooLong,
    #[error("a chunk does not end where it should")]
    ChunkEnd,
    #[error("the trailers are malformed")]
    Trailer,
    #[error("there are bytes behind the end")]
    Behind,
    #[error("the body ends inside of a chunk")]
    Unfinished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Line,
    Data {
        left: u64,
    },
    /// The line end behind a chunk's data; how much of it is there.
    DataEnd {
        seen: u8,
        last: bool,
    },
    Trailers,
    /// All is said; how much of one more empty line is there.
    End {
        seen: u8,
    },
}

/// Takes the framing off a body.
#[derive(Debug)]
pub(super) struct ChunkDecoder {
    signed: bool,
    trailers: bool,
    state: State,
    /// The beginning of a line that did not come in one piece.
    line: Vec<u8>,
    signature: Option<String>,
    fields: Vec<(String, String)>,
    trailer_signature: Option<String>,
    trailer_bytes: usize,
}

impl ChunkDecoder {
    pub(super) fn new(signed: bool, trailers: bool) -> Self {
        Self {
            signed,
            trailers,
            state: State::Line,
            line: Vec::new(),
            signature: None,
            fields: Vec::new(),
            trailer_signature: None,
            trailer_bytes: 0,
        }
    }

    /// The next piece; `None` when more input is needed, which is all consumed then.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<Option<Piece>, FrameError> {
        while !input.is_empty() {
            match self.state {
                State::Line => {
                    if let Some(line) = self.line(input, MAX_LINE_BYTES, FrameError::Line)? {
                        return self.chunk_line(&line).map(Some);
                    }
                }
                State::Data { left } => {
                    let available = u64::try_from(input.len()).unwrap_or(u64::MAX);
                    let taken = usize::try_from(left.min(available)).unwrap_or(input.len());
                    let data = input.split_to(taken);
                    let left = left - taken as u64;
                    self.state = if left == 0 {
                        State::DataEnd {
                            seen: 0,
                            last: false,
                        }
                    } else {
                        State::Data { left }
                    };
                    return Ok(Some(Piece::Data(data)));
                }
                State::DataEnd { seen, last } => {
                    let expected = if seen == 0 { b'\r' } else { b'\n' };
                    if input.get_u8() != expected {
                        return Err(FrameError::ChunkEnd);
                    }
                    if seen == 0 {
                        self.state = State::DataEnd { seen: 1, last };
                        continue;
                    }
                    self.state = if last {
                        // A second empty line is only ever sent behind trailers.
                        State::End { seen: 2 }
                    } else {
                        State::Line
                    };
                    return Ok(Some(self.chunk_end()));
                }
                State::Trailers => {
                    let room = MAX_TRAILER_BYTES - self.trailer_bytes;
                    if let Some(line) = self.line(input, room, FrameError::Trailer)?
                        && let Some(piece) = self.trailer_line(&line)?
                    {
                        return Ok(Some(piece));
                    }
                }
                State::End { seen } => {
                    let byte = input.get_u8();
                    self.state = match (seen, byte) {
                        (0, b'\r') => State::End { seen: 1 },
                        (1, b'\n') => State::End { seen: 2 },
                        _ => return Err(FrameError::Behind),
                    };
                }
            }
        }
        Ok(None)
    }

    /// Fails unless the body is whole.
    pub(super) fn finish(&self) -> Result<(), FrameError> {
        match self.state {
            State::End { seen: 0 | 2 } => Ok(()),
            _ => Err(FrameError::Unfinished),
        }
    }

    /// The next line with its end, once it is whole.
    fn line(
        &mut self,
        input: &mut Bytes,
        limit: usize,
        error: FrameError,
    ) -> Result<Option<Vec<u8>>, FrameError> {
        let end = memchr::memchr(b'\n', input);
        let length = end.map_or(input.len(), |at| at + 1);
        if self.line.len() + length > limit {
            return Err(error);
        }
        self.line.extend_from_slice(&input.split_to(length));
        Ok(end.is_some().then(|| std::mem::take(&mut self.line)))
    }

    fn chunk_line(&mut self, line: &[u8]) -> Result<Piece, FrameError> {
        let line = line.strip_suffix(b"\r\n").ok_or(FrameError::Line)?;
        let line = std::str::from_utf8(line).map_err(|_| FrameError::Line)?;
        let (length, extension) = match line.split_once(';') {
            Some((length, extension)) => (length, Some(extension)),
            None => (line, None),
        };
        self.signature = match (self.signed, extension) {
            (true, Some(extension)) => Some(
                extension
                    .strip_prefix(SIGNATURE)
                    .and_then(signature)
                    .ok_or(FrameError::Line)?,
            ),
            (false, None) => None,
            _ => return Err(FrameError::Line),
        };
        let digits = (1..=16).contains(&length.len())
            && length.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !digits {
            return Err(FrameError::Line);
        }
        let length = u64::from_str_radix(length, 16).map_err(|_| FrameError::Line)?;
        if self.signed && length > MAX_SIGNED_CHUNK_BYTES {
            return Err(FrameError::TooLong);
        }
        if length > 0 {
            self.state = State::Data { left: length };
            return Ok(Piece::Chunk { length });
        }
        if self.trailers {
            // The last chunk has no line end of its own where trailers follow.
            self.state = State::Trailers;
            return Ok(self.chunk_end());
        }
        self.state = State::DataEnd {
            seen: 0,
            last: true,
        };
        Ok(Piece::Chunk { length })
    }

    fn chunk_end(&mut self) -> Piece {
        Piece::ChunkEnd {
            signature: self.signature.take(),
        }
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<Option<Piece>, FrameError> {
        self.trailer_bytes += line.len();
        let line = line.strip_suffix(b"\n").ok_or(FrameError::Trailer)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if self.signed && self.trailer_signature.is_none() {
                return if self.fields.is_empty() {
                    Err(FrameError::Trailer)
                } else {
                    Ok(None)
                };
            }
            self.state = State::End { seen: 0 };
            return Ok(Some(Piece::Trailers {
                fields: std::mem::take(&mut self.fields),
                signature: self.trailer_signature.take(),
            }));
        }
        let line = std::str::from_utf8(line).map_err(|_| FrameError::Trailer)?;
        let (name, value) = line.split_once(':').ok_or(FrameError::Trailer)?;
        let value = value.trim_matches([' ', '\t']);
        let name = name.to_ascii_lowercase();
        // The signature is the last of them.
        if name.is_empty() || self.trailer_signature.is_some() {
            return Err(FrameError::Trailer);
        }
        if name == TRAILER_SIGNATURE {
            if !self.signed {
                return Err(FrameError::Trailer);
            }
            self.trailer_signature = Some(signature(value).ok_or(FrameError::Trailer)?);
        } else {
            self.fields.push((name, value.to_owned()));
        }
        Ok(None)
    }
}

/// A signature: 64 digits of lower-case hex.
fn signature(text: &str) -> Option<String> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == 64 && text.bytes().all(hex)).then(|| text.to_owned())
}
