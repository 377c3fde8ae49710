import io.lakefs.clients.sdk.ApiClient;
import io.lakefs.clients.sdk.ApiException;
import io.lakefs.clients.sdk.AuthApi;
import io.lakefs.clients.sdk.BranchesApi;
import io.lakefs.clients.sdk.CommitsApi;
import io.lakefs.clients.sdk.ConfigApi;
import io.lakefs.clients.sdk.Configuration;
import io.lakefs.clients.sdk.HealthCheckApi;
import io.lakefs.clients.sdk.InternalApi;
import io.lakefs.clients.sdk.ObjectsApi;
import io.lakefs.clients.sdk.RefsApi;
import io.lakefs.clients.sdk.RepositoriesApi;
import io.lakefs.clients.sdk.StagingApi;
import io.lakefs.clients.sdk.TagsApi;
import io.lakefs.clients.sdk.model.BranchCreation;
import io.lakefs.clients.sdk.model.BranchProtectionRule;
import io.lakefs.clients.sdk.model.CherryPickCreation;
import io.lakefs.clients.sdk.model.CommitCreation;
import io.lakefs.clients.sdk.model.Diff;
import io.lakefs.clients.sdk.model.LoginInformation;
import io.lakefs.clients.sdk.model.Merge;
import io.lakefs.clients.sdk.model.ObjectCopyCreation;
import io.lakefs.clients.sdk.model.ObjectStats;
import io.lakefs.clients.sdk.model.PathList;
import io.lakefs.clients.sdk.model.RepositoryCreation;
import io.lakefs.clients.sdk.model.ResetCreation;
import io.lakefs.clients.sdk.model.RevertCreation;
import io.lakefs.clients.sdk.model.StagingMetadata;
import io.lakefs.clients.sdk.model.TagCreation;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The lakeFS SDK for Java: what a program does with a lake, on a repository of its own. */
public final class LakefsSdk {
    private static final String REPOSITORY = "java-sdk-" + ProcessHandle.current().pid();

    private final ApiClient client = Configuration.getDefaultApiClient();
    private final RepositoriesApi repositories = new RepositoriesApi(client);
    private final BranchesApi branches = new BranchesApi(client);
    private final CommitsApi commits = new CommitsApi(client);
    private final RefsApi refs = new RefsApi(client);
    private final ObjectsApi objects = new ObjectsApi(client);
    private final TagsApi tags = new TagsApi(client);

    private LakefsSdk() {
        client.setBasePath(System.getenv("AWS_ENDPOINT_URL") + "/api/v1");
        client.setUsername(System.getenv("AWS_ACCESS_KEY_ID"));
        client.setPassword(System.getenv("AWS_SECRET_ACCESS_KEY"));
    }

    public static void main(String[] args) throws Exception {
        LakefsSdk sdk = new LakefsSdk();
        sdk.server();
        sdk.repositories.createRepository(new RepositoryCreation().name(REPOSITORY).storageNamespace("local://" + REPOSITORY).defaultBranch("main")).execute();
        expect("repositories", sdk.repositories.listRepositories().prefix(REPOSITORY).execute().getResults().size(), 1);
        sdk.objects();
        sdk.branches();
        sdk.staging();
        sdk.accounts();
        sdk.repositories.deleteRepository(REPOSITORY).execute();
        expectStatus("a deleted repository", 404, () -> sdk.repositories.getRepository(REPOSITORY).execute());
        System.exit(0);
    }

    private interface Call {
        void run() throws ApiException, IOException;
    }

    private static void expect(String what, Object got, Object want) {
        if (!want.equals(got)) {
            throw new AssertionError(what + ": " + got + ", not " + want);
        }
    }

    private static void expectStatus(String what, int status, Call call) throws IOException {
        try {
            call.run();
        } catch (ApiException refused) {
            expect(what, refused.getCode(), status);
            return;
        }
        throw new AssertionError(what + " was not refused");
    }

    private static File file(String text) throws IOException {
        Path path = Files.createTempFile("object", ".txt");
        Files.writeString(path, text);
        return path.toFile();
    }

    private ObjectStats upload(String branch, String path, String text) throws ApiException, IOException {
        return objects.uploadObject(REPOSITORY, branch, path).content(file(text)).execute();
    }

    private String read(String ref, String path) throws ApiException, IOException {
        return Files.readString(objects.getObject(REPOSITORY, ref, path).execute().toPath());
    }

    private String commit(String branch, String message) throws ApiException {
        return commits.commit(REPOSITORY, branch, new CommitCreation().message(message).metadata(Map.of("by", "java"))).execute().getId();
    }

    private void server() throws ApiException {
        new HealthCheckApi(client).healthCheck().execute();
        ConfigApi config = new ConfigApi(client);
        expect("store", config.getConfig().execute().getStorageConfig().getBlockstoreType(), "local");
        InternalApi internal = new InternalApi(client);
        expect("state", internal.getSetupState().execute().getState().getValue(), "initialized");
        internal.getAuthCapabilities().execute();
    }

    private void objects() throws Exception {
        ObjectStats put = upload("main", "dir/a b+ü%.txt", "hello lake");
        expect("size", put.getSizeBytes(), 10L);
        expect("body", read("main", "dir/a b+ü%.txt"), "hello lake");
        File part = objects.getObject(REPOSITORY, "main", "dir/a b+ü%.txt").range("bytes=6-9").execute();
        expect("range", Files.readString(part.toPath()), "lake");
        objects.headObject(REPOSITORY, "main", "dir/a b+ü%.txt").execute();
        expect("checksum", objects.statObject(REPOSITORY, "main", "dir/a b+ü%.txt").userMetadata(true).execute().getChecksum(), put.getChecksum());
        expectStatus("made twice", 412, () -> objects.uploadObject(REPOSITORY, "main", "dir/a b+ü%.txt").ifNoneMatch("*").content(file("x")).execute());
        objects.copyObject(REPOSITORY, "main", "dir/copy", new ObjectCopyCreation().srcPath("dir/a b+ü%.txt").srcRef("main")).execute();
        expect("listed", objects.listObjects(REPOSITORY, "main").prefix("dir/").execute().getResults().size(), 2);
        expect("level", objects.listObjects(REPOSITORY, "main").delimiter("/").execute().getResults().get(0).getPath(), "dir/");
        upload("main", "gone", "x");
        objects.deleteObject(REPOSITORY, "main", "gone").execute();
        expect("errors", objects.deleteObjects(REPOSITORY, "main", new PathList().addPathsItem("dir/copy").addPathsItem("never")).execute().getErrors().size(), 0);
        expectStatus("a deleted object", 404, () -> objects.statObject(REPOSITORY, "main", "dir/copy").execute());
        expect("uncommitted", branches.diffBranch(REPOSITORY, "main").execute().getResults().size(), 1);
        String id = commit("main", "first");
        expect("metadata", commits.getCommit(REPOSITORY, id).execute().getMetadata(), Map.of("by", "java"));
    }

    private void branches() throws Exception {
        String first = branches.createBranch(REPOSITORY, new BranchCreation().name("dev").source("main")).execute();
        upload("dev", "new", "new");
        String second = commit("dev", "second");
        List<Diff> changes = refs.diffRefs(REPOSITORY, "main", "dev").execute().getResults();
        expect("changes", changes.size() + changes.get(0).getType().getValue(), "1added");
        expect("base", refs.findMergeBase(REPOSITORY, "dev", "main").execute().getBaseCommitId().isEmpty(), false);
        String merged = refs.mergeIntoBranch(REPOSITORY, "dev", "main").merge(new Merge().message("merge")).execute().getReference();
        expect("merged", read("main", "new"), "new");
        branches.revertBranch(REPOSITORY, "main", new RevertCreation().ref(merged).parentNumber(1)).execute();
        expectStatus("a reverted object", 404, () -> objects.statObject(REPOSITORY, "main", "new").execute());
        branches.cherryPick(REPOSITORY, "main", new CherryPickCreation().ref(second)).execute();
        expect("picked", read("main", "new"), "new");
        upload("main", "new", "spoilt");
        branches.resetBranch(REPOSITORY, "main", new ResetCreation().type(ResetCreation.TypeEnum.OBJECT).path("new")).execute();
        expect("reset", read("main", "new"), "new");
        tags.createTag(REPOSITORY, new TagCreation().id("v1").ref("main")).execute();
        expect("tags", tags.listTags(REPOSITORY).execute().getResults().size(), 1);
        expect("tag", tags.getTag(REPOSITORY, "v1").execute().getCommitId(), branches.getBranch(REPOSITORY, "main").execute().getCommitId());
        tags.deleteTag(REPOSITORY, "v1").execute();
        expect("log", refs.logCommits(REPOSITORY, "main").amount(1).execute().getPagination().getHasMore(), true);
        upload("main", "both", "main");
        commit("main", "one side");
        upload("dev", "both", "dev");
        commit("dev", "the other side");
        expectStatus("a conflict", 409, () -> refs.mergeIntoBranch(REPOSITORY, "dev", "main").execute());
        refs.mergeIntoBranch(REPOSITORY, "dev", "main").merge(new Merge().strategy("source-wins")).execute();
        expect("winner", read("main", "both"), "dev");
        branches.deleteBranch(REPOSITORY, "dev").execute();
        expect("branches", branches.listBranches(REPOSITORY).execute().getResults().size(), 1);
        repositories.setBranchProtectionRules(REPOSITORY, List.of(new BranchProtectionRule().pattern("main"))).execute();
        expect("rules", repositories.getBranchProtectionRules(REPOSITORY).execute().get(0).getPattern(), "main");
        expectStatus("a protected branch", 403, () -> upload("main", "x", "x"));
        repositories.setBranchProtectionRules(REPOSITORY, List.of()).execute();
        expect("start", commits.getCommit(REPOSITORY, first).execute().getId(), first);
    }

    /** As the lakeFS file system for Hadoop writes: bytes to the store, then a link. */
    private void staging() throws Exception {
        StagingApi staging = new StagingApi(client);
        var location = staging.getPhysicalAddress(REPOSITORY, "main", "linked").presign(false).execute();
        Path path = Path.of(URI.create(location.getPhysicalAddress()).getPath());
        Files.createDirectories(path.getParent());
        Files.writeString(path, "linked");
        StagingMetadata metadata = new StagingMetadata().staging(location).checksum("c1").sizeBytes(6L).contentType("text/plain");
        expect("linked", staging.linkPhysicalAddress(REPOSITORY, "main", "linked", metadata).execute().getPathType().getValue(), "object");
        expect("linked body", read("main", "linked"), "linked");
        expectStatus("linked twice", 400, () -> staging.linkPhysicalAddress(REPOSITORY, "main", "again", metadata).execute());
    }

    private void accounts() throws Exception {
        AuthApi auth = new AuthApi(client);
        expect("user", auth.getCurrentUser().execute().getUser().getId(), "admin");
        String token = auth.login().loginInformation(new LoginInformation()
                .accessKeyId(System.getenv("AWS_ACCESS_KEY_ID")).secretAccessKey(System.getenv("AWS_SECRET_ACCESS_KEY"))).execute().getToken();
        ApiClient bearer = new ApiClient();
        bearer.setBasePath(client.getBasePath());
        bearer.setBearerToken(token);
        expect("user of the token", new AuthApi(bearer).getCurrentUser().execute().getUser().getId(), "admin");
        expectStatus("a wrong secret", 401, () -> {
            ApiClient wrong = new ApiClient();
            wrong.setBasePath(client.getBasePath());
            wrong.setUsername(System.getenv("AWS_ACCESS_KEY_ID"));
            wrong.setPassword("wrong");
            new RepositoriesApi(wrong).listRepositories().execute();
        });
    }
}
