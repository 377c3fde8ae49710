// @aws-sdk/client-s3 and lib-storage with their default settings, on one branch of a lake.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand, DeleteObjectsCommand, GetObjectAttributesCommand, GetObjectCommand, HeadObjectCommand, ListObjectsCommand,
  PutObjectCommand, S3Client, paginateListObjectsV2, waitUntilObjectNotExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const Bucket = process.env.LAKE_BUCKET;
const key = (name) => process.env.LAKE_PREFIX + name;
const client = new S3Client({ forcePathStyle: true });
const at = (name) => ({ Bucket, Key: key(name) });
const send = (command) => client.send(command);
const body = async (name) => Buffer.from(await (await send(new GetObjectCommand(at(name)))).Body.transformToByteArray());

async function objects() {
  const name = "small/ü +%&?.txt";
  const put = await send(new PutObjectCommand({ ...at(name), Body: "hello lake", ContentType: "text/plain", Metadata: { colour: "blue" } }));
  assert.ok(put.ChecksumCRC32, "a checksum by default");
  const head = await send(new HeadObjectCommand({ ...at(name), ChecksumMode: "ENABLED" }));
  assert.equal(head.ETag, put.ETag);
  assert.equal(head.ChecksumCRC32, put.ChecksumCRC32);
  assert.deepEqual(head.Metadata, { colour: "blue" });
  assert.equal((await body(name)).toString(), "hello lake");
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"]) {
    await send(new PutObjectCommand({ ...at(`sum/${ChecksumAlgorithm}`), Body: "sum", ChecksumAlgorithm }));
    assert.equal((await body(`sum/${ChecksumAlgorithm}`)).toString(), "sum");
  }
  const part = await send(new GetObjectCommand({ ...at(name), Range: "bytes=6-" }));
  assert.equal(await part.Body.transformToString(), "lake");
  await assert.rejects(send(new PutObjectCommand({ ...at(name), Body: "x", IfNoneMatch: "*" })), { name: "PreconditionFailed" });
  await assert.rejects(send(new GetObjectCommand(at("nothing"))), { name: "NoSuchKey" });
  await assert.rejects(send(new HeadObjectCommand(at("nothing"))), { name: "NotFound" });
  await send(new CopyObjectCommand({ ...at("copied"), CopySource: `${Bucket}/${key("sum/CRC32")}` }));
  const attributes = await send(new GetObjectAttributesCommand({ ...at("copied"), ObjectAttributes: ["ObjectSize", "ETag"] }));
  assert.equal(attributes.ObjectSize, 3);
}

async function streams() {
  const data = randomBytes(12 << 20);
  // A stream of known length goes out in chunks with its checksum behind them.
  await send(new PutObjectCommand({ ...at("stream"), Body: Readable.from(pieces(data)), ContentLength: data.length }));
  assert.ok((await body("stream")).equals(data));
  const upload = new Upload({ client, params: { ...at("large"), Body: Readable.from(pieces(data)) } });
  let seen = 0;
  upload.on("httpUploadProgress", ({ loaded }) => { seen = loaded; });
  const done = await upload.done();
  assert.match(done.ETag, /-3"?$/);
  assert.equal(seen, data.length);
  assert.ok((await body("large")).equals(data));
  const second = await send(new GetObjectCommand({ ...at("large"), PartNumber: 2 }));
  assert.ok(Buffer.from(await second.Body.transformToByteArray()).equals(data.subarray(5 << 20, 10 << 20)));

  const given = new Upload({ client, params: { ...at("given/up"), Body: Readable.from(pieces(data)) } });
  given.on("httpUploadProgress", () => given.abort());
  await assert.rejects(given.done(), { name: "AbortError" });
}

function* pieces(data) {
  for (let from = 0; from < data.length; from += 100_000) yield data.subarray(from, from + 100_000);
}

async function lists() {
  const names = Array.from({ length: 25 }, (_, number) => `list/${number % 3}/é ${number}`);
  await Promise.all(names.map((name) => send(new PutObjectCommand({ ...at(name), Body: "x" }))));
  const found = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 7 }, { Bucket, Prefix: key("list/") })) {
    found.push(...page.Contents.map((each) => each.Key));
  }
  assert.deepEqual(found.toSorted(), names.map(key).toSorted());
  const level = await send(new ListObjectsCommand({ Bucket, Prefix: key("list/"), Delimiter: "/" }));
  assert.deepEqual(level.CommonPrefixes.map((each) => each.Prefix), [0, 1, 2].map((number) => key(`list/${number}/`)));
  const deleted = await send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: names.map((name) => ({ Key: key(name) })) } }));
  assert.equal(deleted.Deleted.length, names.length);
  await waitUntilObjectNotExists({ client, maxWaitTime: 10 }, at(names[0]));
}

async function presigned() {
  const put = await getSignedUrl(client, new PutObjectCommand(at("presigned")), { expiresIn: 3600 });
  assert.equal((await fetch(put, { method: "PUT", body: "by url" })).status, 200);
  const get = await getSignedUrl(client, new GetObjectCommand(at("presigned")), { expiresIn: 3600 });
  assert.equal(await (await fetch(get)).text(), "by url");
}

await objects();
await streams();
await lists();
await presigned();
