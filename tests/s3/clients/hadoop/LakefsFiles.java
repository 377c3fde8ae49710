import java.io.FileNotFoundException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** `lakefs://` in Hadoop: names from the server, bytes straight from and to the object store. */
public final class LakefsFiles {
    private static final String TOP = "lakefs://" + System.getenv("LAKE_BUCKET") + "/main/";

    public static void main(String[] args) throws Exception {
        Configuration conf = new Configuration();
        conf.set("fs.lakefs.impl", "io.lakefs.LakeFSFileSystem");
        conf.set("fs.lakefs.endpoint", System.getenv("AWS_ENDPOINT_URL") + "/api/v1");
        conf.set("fs.lakefs.access.key", System.getenv("AWS_ACCESS_KEY_ID"));
        conf.set("fs.lakefs.secret.key", System.getenv("AWS_SECRET_ACCESS_KEY"));
        conf.set("fs.s3.impl", "org.apache.hadoop.fs.s3a.S3AFileSystem");
        conf.set("fs.s3a.endpoint", System.getenv("STORE_ADDRESS"));
        conf.set("fs.s3a.access.key", "store-key");
        conf.set("fs.s3a.secret.key", "store-secret");
        conf.set("fs.s3a.connection.ssl.enabled", "false");
        conf.set("fs.s3a.buffer.dir", System.getenv("HOME"));
        FileSystem fs = FileSystem.get(URI.create(TOP), conf);

        Path file = new Path(TOP + "dir/a b+ü.txt");
        write(fs, file, "hello lake");
        write(fs, new Path(TOP + "dir/deep/other"), "other");
        try (FSDataInputStream stream = fs.open(file)) {
            byte[] end = new byte[4];
            stream.seek(6);
            stream.readFully(end);
            expect("end", new String(end, StandardCharsets.UTF_8), "lake");
        }
        expect("length", fs.getFileStatus(file).getLen(), 10L);
        expect("listed", names(fs, "dir"), List.of("a b+ü.txt", "deep"));
        expect("directory", fs.getFileStatus(new Path(TOP + "dir")).isDirectory(), true);
        expect("nothing", fs.exists(new Path(TOP + "nothing")), false);
        write(fs, file, "written anew");
        expect("length of the new one", fs.getFileStatus(file).getLen(), 12L);

        // As committers of Hadoop do it: what is done is renamed to where it counts.
        Path renamed = new Path(TOP + "renamed/file");
        expect("renamed", fs.rename(file, renamed), true);
        expect("source", fs.exists(file), false);
        try (FSDataInputStream stream = fs.open(renamed)) {
            expect("body", new String(stream.readNBytes(100), StandardCharsets.UTF_8), "written anew");
        }
        expect("renamed directory", fs.rename(new Path(TOP + "dir/deep"), new Path(TOP + "moved")), true);
        expect("moved", names(fs, "moved"), List.of("other"));
        expect("deleted", fs.delete(new Path(TOP + "moved"), true), true);
        try {
            fs.open(new Path(TOP + "moved/other"));
            throw new AssertionError("opened what was deleted");
        } catch (FileNotFoundException expected) {
            System.exit(0);
        }
    }

    private static void write(FileSystem fs, Path path, String text) throws Exception {
        try (FSDataOutputStream stream = fs.create(path, true)) {
            stream.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static List<String> names(FileSystem fs, String directory) throws Exception {
        return Arrays.stream(fs.listStatus(new Path(TOP + directory))).map(FileStatus::getPath).map(Path::getName).sorted().toList();
    }

    private static void expect(String what, Object got, Object want) {
        if (!want.equals(got)) {
            throw new AssertionError(what + ": " + got + ", not " + want);
        }
    }
}
