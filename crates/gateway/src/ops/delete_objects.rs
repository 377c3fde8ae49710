//! `DeleteObjects`: up to a thousand keys, one staging batch for each reference among them, and an outcome
//! for each key.

use std::collections::HashMap;

use http::{Response, StatusCode};
use lakefs_service::{Caller, DeleteObjects, Service};

use super::delete_object::of_condition;
use crate::body::{self, BodyRules};
use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::response::document;
use crate::target::Bucket;
use crate::xml::Xml;
use crate::xml::delete::{self, Deletion, Doomed};
use crate::{Body, Gateway};

pub(super) async fn run(
    gateway: &Gateway,
    mut request: Request,
) -> Result<Response<Body>, S3Error> {
    let rules = BodyRules::document(gateway.options(), delete::MAX_BYTES);
    let body = std::mem::take(&mut request.body);
    let opened = body::open(body, request.headers(), request.payload.clone(), &rules)?;
    let deletion = delete::parse(&opened.collect().await?)?;
    let bucket = request.bucket()?;
    let mut failures: HashMap<usize, S3Error> = HashMap::new();
    for batch in batches(bucket, &deletion, &mut failures) {
        batch
            .run(gateway.service(), &request.caller, &mut failures)
            .await?;
    }
    Ok(document(StatusCode::OK, render(&deletion, &failures)))
}

/// The objects of one reference.
struct Batch<'a> {
    repository: &'a str,
    branch: &'a str,
    /// Index in the request, path, and what was asked for.
    objects: Vec<(usize, String, &'a Doomed)>,
}

/// Groups the objects by reference. Keys that name no path are done already: nothing is there.
fn batches<'a>(
    bucket: &'a Bucket,
    deletion: &'a Deletion,
    failures: &mut HashMap<usize, S3Error>,
) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (index, object) in deletion.objects.iter().enumerate() {
        if object.version.as_deref().is_some_and(|id| !is_null(id)) {
            failures.insert(index, S3Error::new(Code::NoSuchVersion));
            continue;
        }
        let Some(place) = bucket.place(&object.key) else {
            continue;
        };
        let path = place.path();
        if path.is_empty() {
            continue;
        }
        let at = *known.entry(place.reference).or_insert_with(|| {
            batches.push(Batch {
                repository: place.repository,
                branch: place.reference,
                objects: Vec::new(),
            });
            batches.len() - 1
        });
        batches[at].objects.push((index, path, object));
    }
    batches
}

fn is_null(version: &str) -> bool {
    version.is_empty() || version == "null"
}

impl Batch<'_> {
    async fn run(
        self,
        service: &Service,
        caller: &Caller,
        failures: &mut HashMap<usize, S3Error>,
    ) -> Result<(), S3Error> {
        let target = DeleteObjects {
            repository: self.repository,
            branch: self.branch,
            no_tombstone: false,
            force: false,
        };
        let (plain, conditional): (Vec<_>, Vec<_>) = self
            .objects
            .into_iter()
            .partition(|(_, _, object)| object.condition.is_empty());
        if !plain.is_empty() {
            let (indices, paths): (Vec<usize>, Vec<String>) = plain
                .into_iter()
                .map(|(index, path, _)| (index, path))
                .unzip();
            match service.delete_objects(caller, target, &paths).await {
                Ok(refused) => {
                    let refused: HashMap<&str, _> = refused
                        .iter()
                        .map(|failure| (failure.path.as_str(), failure))
                        .collect();
                    for (index, path) in indices.iter().zip(&paths) {
                        if let Some(failure) = refused.get(path.as_str()) {
                            failures.insert(*index, failure.to_error().into());
                        }
                    }
                }
                Err(error) => {
                    let error = of_batch(error)?;
                    let code = error.code;
                    failures.extend(indices.iter().map(|index| (*index, S3Error::new(code))));
                }
            }
        }
        for (index, path, object) in conditional {
            let outcome = service.delete_object_if(caller, target, &path, &object.condition);
            if let Err(error) = outcome.await {
                failures.insert(index, of_batch(error)?);
            }
        }
        Ok(())
    }
}

/// A failure that is the keys' own. One that another try may cure, or that concerns the whole bucket, is
/// the request's: clients repeat requests, not keys.
fn of_batch(error: lakefs_service::Error) -> Result<S3Error, S3Error> {
    let whole = error.reason() == Some(lakefs_service::Reason::RepositoryNotFound);
    let error = of_condition(error);
    if whole || error.code.status().is_server_error() {
        Err(error)
    } else {
        Ok(error)
    }
}

fn render(deletion: &Deletion, failures: &HashMap<usize, S3Error>) -> String {
    let keys: usize = deletion.objects.iter().map(|object| object.key.len()).sum();
    let mut xml = Xml::with_capacity(256 + keys + deletion.objects.len() * 64);
    xml.root("DeleteResult");
    for (index, object) in deletion.objects.iter().enumerate() {
        let failure = failures.get(&index);
        let element = match failure {
            None if deletion.quiet => continue,
            None => "Deleted",
            Some(_) => "Error",
        };
        xml.open(element).element("Key", &object.key);
        if let Some(version) = object.version.as_deref().filter(|id| !id.is_empty()) {
            xml.element("VersionId", version);
        }
        if let Some(failure) = failure {
            xml.element("Code", failure.code.as_str())
                .element("Message", failure.message());
        }
        xml.close(element);
    }
    xml.close("DeleteResult");
    xml.finish()
}
