// aws-sdk-go-v2 with its default settings: calls, uploads and downloads in parts, streams of unknown length.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var (
	ctx    = context.Background()
	bucket = aws.String(os.Getenv("LAKE_BUCKET"))
	prefix = os.Getenv("LAKE_PREFIX")
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func expect(what string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		panic(fmt.Sprintf("%s: %v, not %v", what, got, want))
	}
}

func expectCode(what string, err error, code string) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		panic(fmt.Sprintf("%s: %v, not %s", what, err, code))
	}
	expect(what, api.ErrorCode(), code)
}

func key(name string) *string { return aws.String(prefix + name) }

func read(client *s3.Client, name string) []byte {
	answer := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key(name)}))
	defer answer.Body.Close()
	return must(io.ReadAll(answer.Body))
}

func main() {
	settings := must(config.LoadDefaultConfig(ctx))
	client := s3.NewFromConfig(settings, func(options *s3.Options) { options.UsePathStyle = true })
	objects(client)
	parts(client)
	lists(client)
	presigned(client)
}

func objects(client *s3.Client) {
	name := "small/ü +%&?.txt"
	put := must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(name), Body: strings.NewReader("hello lake"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"colour": "blue"}}))
	expect("checksum by default", put.ChecksumCRC32 != nil, true)
	head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key(name), ChecksumMode: types.ChecksumModeEnabled}))
	expect("tag", *head.ETag, *put.ETag)
	expect("checksum", *head.ChecksumCRC32, *put.ChecksumCRC32)
	expect("metadata", head.Metadata["colour"], "blue")
	expect("body", string(read(client, name)), "hello lake")
	for _, kind := range types.ChecksumAlgorithmSha256.Values() {
		if kind == "MD5" || strings.HasPrefix(string(kind), "XXHASH") || kind == "SHA512" {
			continue // Not computed by this SDK.
		}
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("sum/" + string(kind)), Body: strings.NewReader("sum"), ChecksumAlgorithm: kind}))
		expect(string(kind), string(read(client, "sum/"+string(kind))), "sum")
	}
	part := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key(name), Range: aws.String("bytes=-4")}))
	expect("range", string(must(io.ReadAll(part.Body))), "lake")
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(name), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	expectCode("created twice", err, "PreconditionFailed")
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("nothing")})
	var missing *types.NoSuchKey
	expect("missing", errors.As(err, &missing), true)
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key("nothing")})
	expectCode("missing head", err, "NotFound")
	must(client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: key("copied"), CopySource: aws.String(*bucket + "/" + prefix + "sum/CRC32")}))
	expect("copied", string(read(client, "copied")), "sum")
	attributes := must(client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: bucket, Key: key("copied"),
		ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectSize, types.ObjectAttributesEtag, types.ObjectAttributesChecksum}}))
	expect("attributes", *attributes.ObjectSize, 3)
}

// endless hides that its source can be asked for its length.
type endless struct{ io.Reader }

func parts(client *s3.Client) {
	data := make([]byte, 17<<20)
	must(rand.Read(data))
	uploader := manager.NewUploader(client)
	up := must(uploader.Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("large"), Body: endless{bytes.NewReader(data)}}))
	expect("tag of parts", strings.HasSuffix(strings.Trim(*up.ETag, `"`), "-4"), true)
	into := manager.NewWriteAtBuffer(nil)
	must(manager.NewDownloader(client).Download(ctx, into, &s3.GetObjectInput{Bucket: bucket, Key: key("large")}))
	expect("large body", bytes.Equal(into.Bytes(), data), true)
	part := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("large"), PartNumber: aws.Int32(2)}))
	expect("second part", bytes.Equal(must(io.ReadAll(part.Body)), data[5<<20:10<<20]), true)

	started := must(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key("given/up")}))
	must(client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key("given/up"), UploadId: started.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(data[:5<<20])}))
	listed := must(client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key("given/up"), UploadId: started.UploadId}))
	expect("parts", len(listed.Parts), 1)
	must(client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key("given/up"), UploadId: started.UploadId}))
	_, err := client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key("given/up"), UploadId: started.UploadId})
	expectCode("aborted", err, "NoSuchUpload")
}

func lists(client *s3.Client) {
	var doomed []types.ObjectIdentifier
	for number := range 25 {
		name := key(fmt.Sprintf("list/%d/é %02d", number%3, number))
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: name, Body: strings.NewReader("x")}))
		doomed = append(doomed, types.ObjectIdentifier{Key: name})
	}
	pages, keys := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: key("list/"), MaxKeys: aws.Int32(7)}), 0
	for pages.HasMorePages() {
		keys += len(must(pages.NextPage(ctx)).Contents)
	}
	expect("listed", keys, 25)
	level := must(client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket, Prefix: key("list/"), Delimiter: aws.String("/")}))
	expect("level", len(level.CommonPrefixes), 3)
	deleted := must(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: doomed}}))
	expect("deleted", fmt.Sprint(len(deleted.Deleted), len(deleted.Errors)), "25 0")
}

func presigned(client *s3.Client) {
	signer := s3.NewPresignClient(client)
	put := must(signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("presigned")}, s3.WithPresignExpires(time.Hour)))
	request := must(http.NewRequest(put.Method, put.URL, strings.NewReader("by url")))
	expect("put by url", must(http.DefaultClient.Do(request)).StatusCode, 200)
	get := must(signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("presigned")}))
	expect("got by url", string(must(io.ReadAll(must(http.Get(get.URL)).Body))), "by url")
}
