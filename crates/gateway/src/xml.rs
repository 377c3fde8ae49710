//! Documents to clients: a writer that appends to one buffer. (The few documents clients send are read
//! in `xml/`.)

pub(crate) mod delete;
pub(crate) mod reader;

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

    /// A piece of a document, without its declaration.
    pub(crate) fn fragment() -> Self {
        Self {
            text: String::new(),
        }
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

    /// `<name>true</name>` or `<name>false</name>`.
    pub(crate) fn flag(&mut self, name: &str, flag: bool) -> &mut Self {
        self.open(name);
        self.raw(&[if flag { "true" } else { "false" }]);
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
        // Most texts need nothing: one look at all bytes, which the compiler makes wide, tells.
        let any = text
            .bytes()
            .fold(0, |any, byte| any | u8::from(needs_escape(byte)));
        if any == 0 {
            self.text.push_str(text);
            return self;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_numbers_and_flags_are_not() {
        let mut xml = Xml::new();
        xml.root("R")
            .element("Key", "a<b>&\"'\u{1}ü")
            .number("Size", 5)
            .flag("IsTruncated", false)
            .close("R");
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <R xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Key>a&lt;b&gt;&amp;&#34;&#39;&#x1;ü</Key><Size>5</Size>\
             <IsTruncated>false</IsTruncated></R>"
        );
    }
}
