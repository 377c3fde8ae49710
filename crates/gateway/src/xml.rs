//! Documents to clients: a writer that appends to one buffer. (The few documents clients send are read
//! in `xml/`.)

/// Namespace of S3's documents.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document being written.
#[derive(Debug)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// A document with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity.max(256));
        text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { text }
    }

    pub(crate) fn new() -> Self {
        Self::with_capacity(512)
    }

    /// `<name>`.
    pub(crate) fn open(&mut self, name: &str) -> &mut Self {
        self.raw(&["<", name, ">"])
    }

    /// `<name xmlns="…">` with S3's namespace.
    pub(crate) fn root(&mut self, name: &str) -> &mut Self {
        self.raw(&["<", name, " xmlns=\"", NAMESPACE, "\">"])
    }

    /// `</name>`.
    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.raw(&["</", name, ">"])
    }

    /// `<name>text</name>`, the text escaped.
    pub(crate) fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        self.escaped(text);
        self.close(name)
    }

    /// `<name>number</name>`.
    pub(crate) fn number(&mut self, name: &str, number: u64) -> &mut Self {
        self.open(name);
        self.text.push_str(itoa::Buffer::new().format(number));
        self.close(name)
    }

    /// Text that needs no escaping, piece by piece.
    pub(crate) fn raw(&mut self, pieces: &[&str]) -> &mut Self {
        for piece in pieces {
            self.text.push_str(piece);
        }
        self
    }

    /// Escaped text.
    pub(crate) fn escaped(&mut self, text: &str) -> &mut Self {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(needs_escape) {
            self.text.push_str(&rest[..at]);
            let byte = rest.as_bytes()[at];
            match byte {
                b'&' => self.text.push_str("&amp;"),
                b'<' => self.text.push_str("&lt;"),
                b'>' => self.text.push_str("&gt;"),
                b'"' => self.text.push_str("&#34;"),
                b'\'' => self.text.push_str("&#39;"),
                other => {
                    // As S3 does it. XML 1.0 has no form for most of these; clients that can
                    // ask for `encoding-type=url`.
                    self.raw(&["&#x", &format!("{other:X}"), ";"]);
                }
            }
            rest = &rest[at + 1..];
        }
        self.text.push_str(rest);
        self
    }

    /// The document.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'') || byte < 0x20
}
