"""Delta, Iceberg and Hudi tables: written, upserted and read as of earlier, on a branch and merged to main."""

import pytest

COLUMNS = "id int, name string, seen string"


def people(spark, *rows):
    return spark.createDataFrame(list(rows), COLUMNS)


def content(frame):
    return sorted((row.id, row.name, row.seen) for row in frame.select("id", "name", "seen").collect())


FIRST = [(1, "ann", "monday"), (2, "bob", "monday"), (3, "cid", "monday")]
CHANGES = [(2, "bea", "tuesday"), (4, "dan", "tuesday")]
SECOND = [(1, "ann", "monday"), (2, "bea", "tuesday"), (3, "cid", "monday"), (4, "dan", "tuesday")]


def test_delta(spark, lake):
    repository = lake.repository("delta")
    table = repository.uri("main", "tables/people")
    people(spark, *FIRST).write.format("delta").save(table)
    repository.commit("main", "the table")
    repository.branch("work")

    work = repository.uri("work", "tables/people")
    people(spark, *CHANGES).createOrReplaceTempView("changes")
    spark.sql(f"""MERGE INTO delta.`{work}` AS old USING changes AS new ON old.id = new.id
                  WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *""")
    assert content(spark.read.format("delta").load(work)) == SECOND
    assert content(spark.read.format("delta").option("versionAsOf", 0).load(work)) == FIRST
    assert content(spark.read.format("delta").load(table)) == FIRST
    spark.sql(f"DELETE FROM delta.`{work}` WHERE id = 1")
    assert content(spark.read.format("delta").load(work)) == SECOND[1:]

    repository.commit("work", "changes of tuesday")
    merged = repository.merge("work", "main")
    assert content(spark.read.format("delta").load(table)) == SECOND[1:]
    history = spark.sql(f"DESCRIBE HISTORY delta.`{table}`").collect()
    assert [row.operation for row in history] == ["DELETE", "MERGE", "WRITE"]
    assert content(spark.read.format("delta").option("versionAsOf", 1).load(table)) == SECOND
    repository.revert("main", merged, parent=1)
    assert content(spark.read.format("delta").load(table)) == FIRST


def test_delta_checkpoints_and_compaction(spark, lake):
    repository = lake.repository("delta-log")
    table = repository.uri("main", "t")
    for number in range(12):
        people(spark, (number, "n", str(number))).coalesce(1).write.format("delta").mode("append").save(table)
    log = [path.rsplit("/", 1)[1] for path in repository.paths("main", "t/_delta_log/")]
    assert "00000000000000000010.checkpoint.parquet" in log and "_last_checkpoint" in log
    spark.sql(f"OPTIMIZE delta.`{table}`")
    assert len(content(spark.read.format("delta").load(table))) == 12
    assert len(content(spark.read.format("delta").option("versionAsOf", 5).load(table))) == 6


def test_iceberg_with_a_hadoop_catalog(spark, lake, conf):
    """Iceberg writes whole URIs, with the branch, into its metadata: what is merged still points to the branch."""
    repository = lake.repository("iceberg")
    repository.branch("work")
    for branch in ("main", "work"):
        conf({
            f"spark.sql.catalog.ice_{branch}": "org.apache.iceberg.spark.SparkCatalog",
            f"spark.sql.catalog.ice_{branch}.type": "hadoop",
            f"spark.sql.catalog.ice_{branch}.warehouse": repository.uri(branch, "warehouse"),
            f"spark.sql.catalog.ice_{branch}.cache-enabled": "false",
        })
    spark.sql(f"CREATE TABLE ice_work.db.people ({COLUMNS.replace('id int', 'id int NOT NULL')}) USING iceberg "
              "PARTITIONED BY (bucket(2, id)) TBLPROPERTIES ('format-version'='2')")
    people(spark, *FIRST).writeTo("ice_work.db.people").append()
    before = spark.sql("SELECT snapshot_id FROM ice_work.db.people.snapshots").collect()[-1].snapshot_id
    people(spark, *CHANGES).createOrReplaceTempView("changes")
    spark.sql("""MERGE INTO ice_work.db.people AS old USING changes AS new ON old.id = new.id
                 WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *""")
    assert content(spark.table("ice_work.db.people")) == SECOND
    assert content(spark.read.option("snapshot-id", before).table("ice_work.db.people")) == FIRST
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.table("ice_main.db.people").collect()

    repository.commit("work", "the table")
    repository.merge("work", "main")
    assert content(spark.table("ice_main.db.people")) == SECOND
    assert content(spark.read.option("snapshot-id", before).table("ice_main.db.people")) == FIRST


def test_hudi(spark, lake):
    if not any("hudi" in jar for jar in spark.conf.get("spark.jars").split(",")):
        pytest.skip("no Hudi bundle for this Spark")
    repository = lake.repository("hudi")
    options = {
        "hoodie.table.name": "people", "hoodie.datasource.write.recordkey.field": "id",
        "hoodie.datasource.write.precombine.field": "seen", "hoodie.datasource.write.operation": "upsert",
        "hoodie.upsert.shuffle.parallelism": "2", "hoodie.insert.shuffle.parallelism": "2",
    }

    def upsert(uri, mode, *rows):
        people(spark, *rows).write.format("hudi").options(**options).mode(mode).save(uri)

    table = repository.uri("main", "people")
    upsert(table, "overwrite", *FIRST)
    assert content(spark.read.format("hudi").load(table)) == FIRST
    instant = spark.read.format("hudi").load(table).selectExpr("max(_hoodie_commit_time) AS t").first().t
    repository.commit("main", "the table")
    repository.branch("work")

    work = repository.uri("work", "people")
    upsert(work, "append", *CHANGES)
    assert content(spark.read.format("hudi").load(work)) == SECOND
    assert content(spark.read.format("hudi").option("as.of.instant", instant).load(work)) == FIRST
    assert content(spark.read.format("hudi").load(table)) == FIRST

    repository.commit("work", "changes of tuesday")
    repository.merge("work", "main")
    assert content(spark.read.format("hudi").load(table)) == SECOND
    assert content(spark.read.format("hudi").option("as.of.instant", instant).load(table)) == FIRST
