//! What a type looks like to serde: its fields, their types, and which of them must be there.
//!
//! A deserialiser that gives every type what it asks for and writes down the question. Whether a
//! field is required is found by leaving it out.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// No value at all.
    #[default]
    Nothing,
    /// Bytes that are not JSON.
    Octets,
    Scalar(Scalar),
    /// Names of an enumeration.
    OneOf(Vec<&'static str>),
    List(Box<Self>),
    Map(Box<Self>),
    Object(Vec<Field>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Flag,
    Integer64,
    OtherNumber,
    Text,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

/// The shape of a type.
pub(super) fn shape_of<T: DeserializeOwned>() -> Shape {
    let mut tracer = Trace::default();
    let mut shape = Shape::Nothing;
    T::deserialize(Question {
        trace: &mut tracer,
        shape: &mut shape,
    })
    .map(drop)
    .expect("every question was answered");
    for (object, field) in tracer.seen.clone() {
        let mut without = Trace {
            omit: Some((object, field)),
            ..Trace::default()
        };
        let outcome = T::deserialize(Question {
            trace: &mut without,
            shape: &mut Shape::Nothing,
        });
        if outcome.is_err() {
            require(&mut shape, field, tracer.object_fields(object));
        }
    }
    shape
}

/// Marks the field as required in the objects that have exactly these fields.
fn require(shape: &mut Shape, field: &str, object: &'static [&'static str]) {
    match shape {
        Shape::List(inner) | Shape::Map(inner) => require(inner, field, object),
        Shape::Object(fields) => {
            let here = fields.len() == object.len()
                && fields
                    .iter()
                    .zip(object)
                    .all(|(have, want)| have.name == *want);
            for known in fields {
                known.required |= here && known.name == field;
                require(&mut known.shape, field, object);
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Trace {
    omit: Option<(&'static str, &'static str)>,
    seen: Vec<(&'static str, &'static str)>,
    objects: Vec<(&'static str, &'static [&'static str])>,
}

impl Trace {
    fn object_fields(&self, name: &str) -> &'static [&'static str] {
        self.objects
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(&[], |(_, fields)| fields)
    }
}

struct Question<'s> {
    trace: &'s mut Trace,
    shape: &'s mut Shape,
}

macro_rules! scalars {
    ($($ask:ident => $scalar:ident, $answer:ident($value:expr);)*) => {
        $(fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            *self.shape = Shape::Scalar(Scalar::$scalar);
            visitor.$answer($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Question<'_> {
    type Error = Error;

    scalars! {
        deserialize_bool => Flag, visit_bool(true);
        deserialize_i64 => Integer64, visit_i64(1);
        deserialize_i32 => OtherNumber, visit_i32(1);
        deserialize_u32 => OtherNumber, visit_u32(1);
        deserialize_u64 => OtherNumber, visit_u64(1);
        deserialize_f64 => OtherNumber, visit_f64(1.0);
        deserialize_str => Text, visit_str("");
        deserialize_string => Text, visit_str("");
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a type that says nothing about itself"))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.shape = Shape::Octets;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut item = Shape::Nothing;
        let value = visitor.visit_seq(Once {
            trace: self.trace,
            shape: &mut item,
            done: false,
        })?;
        *self.shape = Shape::List(Box::new(item));
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut item = Shape::Nothing;
        let value = visitor.visit_map(Once {
            trace: self.trace,
            shape: &mut item,
            done: false,
        })?;
        *self.shape = Shape::Map(Box::new(item));
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.trace.objects.push((name, fields));
        let mut found = Vec::new();
        let value = visitor.visit_map(Fields {
            object: name,
            trace: self.trace,
            rest: fields.iter(),
            current: None,
            found: &mut found,
        })?;
        *self.shape = Shape::Object(found);
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.shape = Shape::OneOf(variants.to_vec());
        visitor.visit_enum(First(variants.first().copied().unwrap_or("")))
    }

    forward_to_deserialize_any! {
        i8 i16 u8 u16 f32 char bytes byte_buf newtype_struct tuple tuple_struct identifier
        ignored_any
    }
}

/// One item of a list, or one entry of a map.
struct Once<'s> {
    trace: &'s mut Trace,
    shape: &'s mut Shape,
    done: bool,
}

impl<'de> SeqAccess<'de> for Once<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        seed.deserialize(Question {
            trace: self.trace,
            shape: self.shape,
        })
        .map(Some)
    }
}

impl<'de> MapAccess<'de> for Once<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        seed.deserialize(StrDeserializer::new("key")).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Question {
            trace: self.trace,
            shape: self.shape,
        })
    }
}

/// Every field of an object, but the one to leave out.
struct Fields<'s> {
    object: &'static str,
    trace: &'s mut Trace,
    rest: std::slice::Iter<'static, &'static str>,
    current: Option<&'static str>,
    found: &'s mut Vec<Field>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let omit = self.trace.omit;
        let object = self.object;
        let mut wanted = self
            .rest
            .by_ref()
            .filter(|name| omit != Some((object, name)));
        let Some(name) = wanted.next() else {
            return Ok(None);
        };
        self.current = Some(name);
        self.trace.seen.push((object, name));
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let mut shape = Shape::Nothing;
        let value = seed.deserialize(Question {
            trace: self.trace,
            shape: &mut shape,
        })?;
        self.found.push(Field {
            name: self.current.unwrap_or(""),
            required: false,
            shape,
        });
        Ok(value)
    }
}

/// A variant without content.
struct First(&'static str);

impl<'de> EnumAccess<'de> for First {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let value = seed.deserialize(StrDeserializer::<Error>::new(self.0))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for First {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        Err(Error::custom("a variant with content"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a variant with content"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(Error::custom("a variant with content"))
    }
}

#[test]
fn fields_types_and_requirements_are_found() {
    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Sample {
        name: String,
        #[serde(default)]
        force: bool,
        count: Option<i64>,
        tags: Vec<Inner>,
    }
    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        #[serde(rename = "ref")]
        reference: i64,
    }
    let field = |name, required, shape| Field {
        name,
        required,
        shape,
    };
    let inner = vec![field("ref", true, Shape::Scalar(Scalar::Integer64))];
    assert_eq!(
        shape_of::<Sample>(),
        Shape::Object(vec![
            field("name", true, Shape::Scalar(Scalar::Text)),
            field("force", false, Shape::Scalar(Scalar::Flag)),
            field("count", false, Shape::Scalar(Scalar::Integer64)),
            field("tags", true, Shape::List(Box::new(Shape::Object(inner)))),
        ])
    );
}
