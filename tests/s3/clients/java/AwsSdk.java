import java.io.ByteArrayInputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

/** The AWS SDK for Java 2 with its default settings: calls, streams, presigned URLs, the transfer manager. */
public final class AwsSdk {
    private static final String BUCKET = System.getenv("LAKE_BUCKET");
    private static final String PREFIX = System.getenv("LAKE_PREFIX");
    private static final int MIB = 1 << 20;

    private final S3Client client = S3Client.builder().forcePathStyle(true).build();

    public static void main(String[] args) throws Exception {
        AwsSdk sdk = new AwsSdk();
        sdk.objects();
        sdk.streams();
        sdk.lists();
        sdk.presigned();
        sdk.transfers();
        sdk.client.close();
    }

    private static String key(String name) {
        return PREFIX + name;
    }

    private static void expect(String what, Object got, Object want) {
        if (!want.equals(got)) {
            throw new AssertionError(what + ": " + got + ", not " + want);
        }
    }

    private static void expectStatus(String what, int status, Runnable call) {
        try {
            call.run();
        } catch (S3Exception refused) {
            expect(what, refused.statusCode(), status);
            return;
        }
        throw new AssertionError(what + " was not refused");
    }

    private byte[] read(String name) {
        return client.getObjectAsBytes(get -> get.bucket(BUCKET).key(key(name))).asByteArray();
    }

    private static byte[] noise(int size) {
        byte[] data = new byte[size];
        new Random(size).nextBytes(data);
        return data;
    }

    private void objects() {
        String name = "small/ü +%&?.txt";
        var put = client.putObject(
                request -> request.bucket(BUCKET).key(key(name)).contentType("text/plain").metadata(Map.of("colour", "blue")),
                RequestBody.fromString("hello lake"));
        var head = client.headObject(request -> request.bucket(BUCKET).key(key(name)).checksumMode(ChecksumMode.ENABLED));
        expect("tag", head.eTag(), put.eTag());
        expect("checksum", head.checksumCRC32(), put.checksumCRC32());
        expect("metadata", head.metadata(), Map.of("colour", "blue"));
        expect("body", new String(read(name), StandardCharsets.UTF_8), "hello lake");
        for (var kind : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256)) {
            client.putObject(request -> request.bucket(BUCKET).key(key("sum/" + kind)).checksumAlgorithm(kind), RequestBody.fromString("sum"));
            expect("body with " + kind, new String(read("sum/" + kind), StandardCharsets.UTF_8), "sum");
        }
        var part = client.getObjectAsBytes(get -> get.bucket(BUCKET).key(key(name)).range("bytes=-4"));
        expect("range", part.asUtf8String(), "lake");
        expectStatus("created twice", 412, () -> client.putObject(
                request -> request.bucket(BUCKET).key(key(name)).ifNoneMatch("*"), RequestBody.fromString("x")));
        try {
            read("nothing");
            throw new AssertionError("read nothing");
        } catch (NoSuchKeyException expected) {
            expect("missing", expected.statusCode(), 404);
        }
        client.copyObject(copy -> copy.sourceBucket(BUCKET).sourceKey(key(name)).destinationBucket(BUCKET).destinationKey(key("copied ü+")));
        expect("copied", new String(read("copied ü+"), StandardCharsets.UTF_8), "hello lake");
    }

    /** Over http each chunk is signed, and so is the checksum behind them. */
    private void streams() {
        byte[] data = noise(3 * MIB + 7);
        client.putObject(request -> request.bucket(BUCKET).key(key("stream")),
                RequestBody.fromInputStream(new ByteArrayInputStream(data), data.length));
        expect("streamed", Arrays.equals(read("stream"), data), true);
        var started = client.createMultipartUpload(request -> request.bucket(BUCKET).key(key("parts")));
        var first = client.uploadPart(request -> request.bucket(BUCKET).key(key("parts")).uploadId(started.uploadId()).partNumber(1),
                RequestBody.fromBytes(noise(5 * MIB)));
        var second = client.uploadPartCopy(request -> request.sourceBucket(BUCKET).sourceKey(key("stream")).copySourceRange("bytes=0-99")
                .destinationBucket(BUCKET).destinationKey(key("parts")).uploadId(started.uploadId()).partNumber(2));
        expect("parts", client.listParts(request -> request.bucket(BUCKET).key(key("parts")).uploadId(started.uploadId())).parts().size(), 2);
        client.completeMultipartUpload(request -> request.bucket(BUCKET).key(key("parts")).uploadId(started.uploadId())
                .multipartUpload(parts -> parts.parts(List.of(
                        CompletedPart.builder().partNumber(1).eTag(first.eTag()).checksumCRC32(first.checksumCRC32()).build(),
                        CompletedPart.builder().partNumber(2).eTag(second.copyPartResult().eTag()).build()))));
        expect("size", read("parts").length, 5 * MIB + 100);
    }

    private void lists() {
        List<String> names = IntStream.range(0, 25).mapToObj(number -> key("list/" + number % 3 + "/é " + number)).toList();
        names.forEach(name -> client.putObject(request -> request.bucket(BUCKET).key(name), RequestBody.fromString("x")));
        var pages = client.listObjectsV2Paginator(request -> request.bucket(BUCKET).prefix(key("list/")).maxKeys(7));
        expect("listed", pages.contents().stream().map(each -> each.key()).sorted().toList(), names.stream().sorted().toList());
        var level = client.listObjects(request -> request.bucket(BUCKET).prefix(key("list/")).delimiter("/"));
        expect("level", level.commonPrefixes().size(), 3);
        var doomed = names.stream().map(name -> ObjectIdentifier.builder().key(name).build()).toList();
        var deleted = client.deleteObjects(request -> request.bucket(BUCKET).delete(delete -> delete.objects(doomed)));
        expect("deleted", deleted.deleted().size(), names.size());
        client.waiter().waitUntilObjectNotExists(head -> head.bucket(BUCKET).key(names.get(0)));
    }

    private void presigned() throws Exception {
        var style = S3Configuration.builder().pathStyleAccessEnabled(true).build();
        try (S3Presigner signer = S3Presigner.builder().serviceConfiguration(style).endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL"))).build()) {
            URL put = signer.presignPutObject(sign -> sign.signatureDuration(Duration.ofHours(1)).putObjectRequest(request -> request.bucket(BUCKET).key(key("presigned")))).url();
            HttpURLConnection connection = (HttpURLConnection) put.openConnection();
            connection.setRequestMethod("PUT");
            connection.setDoOutput(true);
            connection.getOutputStream().write("by url".getBytes(StandardCharsets.UTF_8));
            expect("put by url", connection.getResponseCode(), 200);
            URL get = signer.presignGetObject(sign -> sign.signatureDuration(Duration.ofHours(1)).getObjectRequest(request -> request.bucket(BUCKET).key(key("presigned")))).url();
            expect("got by url", new String(get.openStream().readAllBytes(), StandardCharsets.UTF_8), "by url");
        }
    }

    private void transfers() throws Exception {
        Path directory = Files.createTempDirectory("transfers");
        byte[] data = noise(20 * MIB);
        Files.write(Files.createDirectories(directory.resolve("up/deep")).resolve("large"), data);
        Files.writeString(directory.resolve("up/small ü"), "small");
        var threads = Executors.newSingleThreadExecutor();
        try (S3AsyncClient async = S3AsyncClient.builder().forcePathStyle(true).multipartEnabled(true).build();
                S3TransferManager transfers = S3TransferManager.builder().s3Client(async).build()) {
            var up = transfers.uploadDirectory(request -> request.source(directory.resolve("up")).bucket(BUCKET).s3Prefix(key("tree")));
            expect("failed uploads", up.completionFuture().join().failedTransfers(), List.of());
            var down = transfers.downloadDirectory(request -> request.destination(directory.resolve("down")).bucket(BUCKET)
                    .listObjectsV2RequestTransformer(list -> list.prefix(key("tree"))));
            expect("failed downloads", down.completionFuture().join().failedTransfers(), List.of());
            expect("came back", Arrays.equals(Files.readAllBytes(directory.resolve("down/deep/large")), data), true);
            transfers.copy(request -> request.copyObjectRequest(copy -> copy.sourceBucket(BUCKET).sourceKey(key("tree/deep/large"))
                    .destinationBucket(BUCKET).destinationKey(key("tree/copied")))).completionFuture().join();
            expect("copied in parts", Arrays.equals(read("tree/copied"), data), true);
            var unknown = AsyncRequestBody.fromInputStream(body -> body.inputStream(new ByteArrayInputStream(data)).contentLength(null).executor(threads));
            async.putObject(request -> request.bucket(BUCKET).key(key("tree/unknown")), unknown).join();
            expect("of unknown length", Arrays.equals(read("tree/unknown"), data), true);
        } finally {
            threads.shutdown();
        }
    }
}
