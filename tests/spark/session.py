"""The Spark session of the tests: S3A on the gateway, with Delta, Iceberg and Hudi at hand."""

from pyspark.sql import SparkSession

S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"


def start(lake, jars, scratch):
    """A session on two threads with a small heap. S3A keeps its defaults but for where the gateway is."""
    found = sorted(jars.glob("*.jar"))
    hudi = any(jar.name.startswith("hudi") for jar in found)
    extensions = ["io.delta.sql.DeltaSparkSessionExtension",
                  "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"]
    if hudi:
        extensions.append("org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
    builder = SparkSession.builder.master("local[2]").appName("gateway")
    options = {
        "spark.jars": ",".join(map(str, found)),
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.local.dir": scratch / "local",
        "spark.sql.warehouse.dir": scratch / "warehouse",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": ",".join(extensions),
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # Both schemes are S3A.
        "spark.hadoop.fs.s3.impl": S3A,
        "spark.hadoop.fs.s3a.endpoint": lake.url,
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.access.key": lake.key,
        "spark.hadoop.fs.s3a.secret.key": lake.secret,
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        # A failing gateway should fail the tests within seconds, not after S3A's twenty minutes of retries.
        "spark.hadoop.fs.s3a.attempts.maximum": "3",
        "spark.hadoop.fs.s3a.retry.limit": "3",
        "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3":
            "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory",
    }
    for name, value in options.items():
        builder = builder.config(name, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def file_system(spark, uri):
    """Hadoop's own file system for a URI, and its path."""
    hadoop = spark.sparkContext._jvm.org.apache.hadoop.fs
    path = hadoop.Path(uri)
    return path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), path
