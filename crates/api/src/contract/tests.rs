//! The embedded document compiles, and requests find their operations.

use serde_json::json;

use super::*;

fn find(method: &Method, path: &str) -> Option<(&'static str, Vec<String>)> {
    let (index, values) = contract().find(method, path)?;
    let operation = &contract().operations[index];
    let values = (0..operation.path_parameters.len())
        .map(|at| values.get(path, at).to_owned())
        .collect();
    Some((operation.id, values))
}

fn check(operation: &str, body: &serde_json::Value) -> Result<(), String> {
    let schema = contract()
        .operation(operation)
        .and_then(|operation| operation.body.as_ref()?.json)
        .expect("operation with a JSON body");
    contract().schemas.check_body(schema, body)
}

#[test]
fn every_operation_is_found_by_its_own_template() {
    assert_eq!(contract().operations.len(), 134);
    for operation in &contract().operations {
        let path = operation.template.replace(['{', '}'], "");
        let (found, values) = find(&operation.method, &path).expect(operation.id);
        assert_eq!(found, operation.id);
        for (value, at) in values.iter().zip(&operation.path_parameters) {
            assert_eq!(value, operation.parameters[*at].name);
        }
    }
}

#[test]
fn a_literal_that_leads_nowhere_gives_way_to_a_parameter() {
    let dump = find(&Method::PUT, "/repositories/r-1/refs/dump");
    assert_eq!(dump, Some(("DumpRefs", vec!["r-1".to_owned()])));
    let named_dump = find(&Method::GET, "/repositories/r-1/refs/dump/objects/ls");
    assert_eq!(
        named_dump,
        Some(("ListObjects", vec!["r-1".to_owned(), "dump".to_owned()]))
    );
    let merge = find(&Method::POST, "/repositories/r-1/refs/a%2Fb/merge/main");
    assert_eq!(
        merge.map(|(_, values)| values),
        Some(vec![
            "r-1".to_owned(),
            "a%2Fb".to_owned(),
            "main".to_owned()
        ])
    );
}

#[test]
fn paths_outside_the_contract_are_not_found() {
    for path in [
        "",
        "/",
        "/nope",
        "/repositories/",
        "/repositories//branches",
        "/repositories/r/x",
    ] {
        assert_eq!(find(&Method::GET, path), None, "{path}");
    }
    assert_eq!(find(&Method::PATCH, "/repositories"), None);
    assert_eq!(find(&Method::OPTIONS, "/repositories"), None);
}

#[test]
fn the_first_violation_of_a_body_is_told() {
    let told = |operation, body| check(operation, &body).expect_err("a violation");
    assert_eq!(
        told(
            "CreateRepository",
            json!({"name": 1, "storage_namespace": "x"})
        ),
        "doesn't match schema #/components/schemas/RepositoryCreation: Error at \"/name\": value must be a string"
    );
    assert_eq!(
        told("CreateRepository", json!({"name": "abc"})),
        "doesn't match schema #/components/schemas/RepositoryCreation: Error at \"/storage_namespace\": property \"storage_namespace\" is missing"
    );
    assert_eq!(
        told("ResetBranch", json!({"type": "all"})),
        "doesn't match schema #/components/schemas/ResetCreation: Error at \"/type\": value is not one of the allowed values [\"object\",\"common_prefix\",\"reset\"]"
    );
    assert_eq!(
        told(
            "ImportStart",
            json!({"commit": {"message": "m"}, "paths": [{"destination": "", "path": "x", "type": "dir"}]})
        ),
        "doesn't match schema #/components/schemas/ImportCreation: Error at \"/paths/0/type\": value is not one of the allowed values [\"common_prefix\",\"object\"]"
    );
    assert_eq!(
        told("SetBranchProtectionRules", json!([{"pattern": ""}])),
        "doesn't match schema: Error at \"/0/pattern\": minimum string length is 1"
    );
    assert_eq!(
        told("Commit", json!([])),
        "doesn't match schema #/components/schemas/CommitCreation: value must be an object"
    );
    assert_eq!(
        told("Commit", json!({"message": "m", "metadata": {"a": 1}})),
        "doesn't match schema #/components/schemas/CommitCreation: Error at \"/metadata/a\": value must be a string"
    );
    assert_eq!(
        told("Commit", json!({"message": null})),
        "doesn't match schema #/components/schemas/CommitCreation: Error at \"/message\": Value is not nullable"
    );
    assert_eq!(
        told(
            "StageObject",
            json!({"checksum": "", "physical_address": "", "size_bytes": 1.5})
        ),
        "doesn't match schema #/components/schemas/ObjectStageCreation: Error at \"/size_bytes\": value must be an integer"
    );
    assert_eq!(
        told(
            "StageObject",
            json!({"checksum": "", "physical_address": "", "size_bytes": u64::MAX})
        ),
        "doesn't match schema #/components/schemas/ObjectStageCreation: Error at \"/size_bytes\": number must be an int64"
    );
    assert_eq!(
        told(
            "CreateCommitRecord",
            json!({"commit_id": "", "committer": "", "creation_date": 1, "generation": 1,
            "message": "", "metarange_id": "", "parents": [], "version": 2})
        ),
        "doesn't match schema #/components/schemas/CommitRecordCreation: Error at \"/version\": number must be at most 1"
    );
}

#[test]
fn good_bodies_pass_with_unknown_properties_and_null_where_allowed() {
    assert_eq!(
        check("Commit", &json!({"message": "", "x": {"y": null}})),
        Ok(())
    );
    let link = json!({"staging": {"physical_address": "a", "presigned_url": null}, "checksum": "c", "size_bytes": 0});
    assert_eq!(check("LinkPhysicalAddress", &link), Ok(()));
    let pull = json!({"title": "t"});
    assert_eq!(check("UpdatePullRequest", &pull), Ok(()));
}

#[test]
fn only_plain_bodies_are_proven_by_their_type() {
    let proven = |operation| {
        let schema = contract()
            .operation(operation)
            .and_then(|operation| operation.body.as_ref()?.json)
            .expect("operation with a JSON body");
        contract().schemas.is_proven_by_type(schema)
    };
    for plain in [
        "StageObject",
        "Commit",
        "CreateBranch",
        "MergeIntoBranch",
        "DeleteObjects",
    ] {
        assert!(proven(plain), "{plain}");
    }
    for rich in [
        "CreateRepository",
        "ResetBranch",
        "LinkPhysicalAddress",
        "RevertBranch",
        "CreateCommitRecord",
    ] {
        assert!(!proven(rich), "{rich}");
    }
}
