// Every operation of minio-go that programs use, with its default settings, on one branch of a lake.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

var (
	ctx    = context.Background()
	bucket = os.Getenv("LAKE_BUCKET")
	prefix = os.Getenv("LAKE_PREFIX")
)

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(what string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		panic(fmt.Sprintf("%s: %v, not %v", what, got, want))
	}
}

func list(client *minio.Client, options minio.ListObjectsOptions) (keys []string) {
	options.Prefix = prefix + options.Prefix
	for object := range client.ListObjects(ctx, bucket, options) {
		check(object.Err)
		keys = append(keys, strings.TrimPrefix(object.Key, prefix))
	}
	return keys
}

func read(client *minio.Client, key string, options minio.GetObjectOptions) []byte {
	object := must(client.GetObject(ctx, bucket, prefix+key, options))
	defer object.Close()
	return must(io.ReadAll(object))
}

func main() {
	client := connect(false)
	expect("bucket exists", must(client.BucketExists(ctx, bucket)), true)
	expect("other bucket exists", must(client.BucketExists(ctx, "no-such-repository")), false)
	small(client)
	large(client)
	streamed(client)
	copies(client)
	conditions(client)
	lists(client)
	presigned(client)
	trailers(connect(true))
}

// connect answers a client; with `trailing` it sends checksums behind the body, as newer programs ask for.
func connect(trailing bool) *minio.Client {
	return must(minio.New(os.Getenv("LAKE_ADDRESS"), &minio.Options{
		Creds:           credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
		TrailingHeaders: trailing,
	}))
}

func small(client *minio.Client) {
	name := "small/ü +%&?.txt"
	put := must(client.PutObject(ctx, bucket, prefix+name, strings.NewReader("hello lake"), 10, minio.PutObjectOptions{
		ContentType: "text/plain", UserMetadata: map[string]string{"Colour": "blue"}, CacheControl: "no-cache"}))
	info := must(client.StatObject(ctx, bucket, prefix+name, minio.StatObjectOptions{}))
	expect("tag", info.ETag, put.ETag)
	expect("size", info.Size, 10)
	expect("type", info.ContentType, "text/plain")
	expect("metadata", info.UserMetadata["Colour"], "blue")
	expect("cache control", info.Metadata.Get("Cache-Control"), "no-cache")
	expect("body", string(read(client, name, minio.GetObjectOptions{})), "hello lake")
	part := minio.GetObjectOptions{}
	check(part.SetRange(6, 9))
	expect("range", string(read(client, name, part)), "lake")
	check(client.RemoveObject(ctx, bucket, prefix+name, minio.RemoveObjectOptions{}))
	check(client.RemoveObject(ctx, bucket, prefix+name, minio.RemoveObjectOptions{}))
	_, err := client.StatObject(ctx, bucket, prefix+name, minio.StatObjectOptions{})
	expect("removed", minio.ToErrorResponse(err).Code, "NoSuchKey")
}

func trailers(client *minio.Client) {
	for _, kind := range []minio.ChecksumType{minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumSHA1, minio.ChecksumSHA256, minio.ChecksumCRC64NVME} {
		sum := must(client.PutObject(ctx, bucket, prefix+"sum/"+kind.String(), strings.NewReader("sum"), 3, minio.PutObjectOptions{Checksum: kind}))
		told := must(client.StatObject(ctx, bucket, prefix+"sum/"+kind.String(), minio.StatObjectOptions{Checksum: true}))
		expect(kind.String(), sum.ChecksumCRC32+sum.ChecksumCRC32C+sum.ChecksumSHA1+sum.ChecksumSHA256+sum.ChecksumCRC64NVME,
			told.ChecksumCRC32+told.ChecksumCRC32C+told.ChecksumSHA1+told.ChecksumSHA256+told.ChecksumCRC64NVME)
		expect(kind.String()+" is told", told.ChecksumCRC32+told.ChecksumCRC32C+told.ChecksumSHA1+told.ChecksumSHA256+told.ChecksumCRC64NVME != "", true)
	}
	must(client.PutObject(ctx, bucket, prefix+"sum/parts", bytes.NewReader(make([]byte, 20<<20)), 20<<20, minio.PutObjectOptions{}))
	expect("parts with trailers", len(read(client, "sum/parts", minio.GetObjectOptions{})), 20<<20)
}

func large(client *minio.Client) {
	data := make([]byte, 40<<20)
	must(rand.Read(data))
	put := must(client.PutObject(ctx, bucket, prefix+"large", bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{}))
	expect("tag of parts", strings.HasSuffix(put.ETag, "-3"), true)
	expect("large body", bytes.Equal(read(client, "large", minio.GetObjectOptions{}), data), true)
	object := must(client.GetObject(ctx, bucket, prefix+"large", minio.GetObjectOptions{}))
	must(object.Seek(30<<20, io.SeekStart))
	piece := make([]byte, 1000)
	must(io.ReadFull(object, piece))
	expect("piece", bytes.Equal(piece, data[30<<20:][:1000]), true)
	object.Close()
}

func streamed(client *minio.Client) {
	reader, writer := io.Pipe()
	go func() {
		for range 12 {
			must(writer.Write(bytes.Repeat([]byte("lake"), 1<<18)))
		}
		writer.Close()
	}()
	put := must(client.PutObject(ctx, bucket, prefix+"streamed", reader, -1, minio.PutObjectOptions{PartSize: 5 << 20}))
	expect("streamed size", put.Size, 12<<20)
	expect("streamed body", len(read(client, "streamed", minio.GetObjectOptions{})), 12<<20)
	check(client.RemoveIncompleteUpload(ctx, bucket, prefix+"never"))
}

func copies(client *minio.Client) {
	from := func(key string) minio.CopySrcOptions {
		return minio.CopySrcOptions{Bucket: bucket, Object: prefix + key}
	}
	to := func(key string) minio.CopyDestOptions {
		return minio.CopyDestOptions{Bucket: bucket, Object: prefix + key}
	}
	must(client.CopyObject(ctx, to("copies/one"), from("large")))
	must(client.ComposeObject(ctx, to("copies/both"), from("large"), from("streamed")))
	expect("composed", must(client.StatObject(ctx, bucket, prefix+"copies/both", minio.StatObjectOptions{})).Size, 52<<20)
	replaced := to("copies/one")
	replaced.UserMetadata, replaced.ReplaceMetadata = map[string]string{"k": "v"}, true
	must(client.CopyObject(ctx, replaced, from("copies/one")))
	expect("replaced", must(client.StatObject(ctx, bucket, prefix+"copies/one", minio.StatObjectOptions{})).UserMetadata["K"], "v")
}

func conditions(client *minio.Client) {
	create := minio.PutObjectOptions{}
	create.SetMatchETagExcept("*")
	put := must(client.PutObject(ctx, bucket, prefix+"cas", strings.NewReader("1"), 1, create))
	_, err := client.PutObject(ctx, bucket, prefix+"cas", strings.NewReader("2"), 1, create)
	expect("created twice", minio.ToErrorResponse(err).Code, "PreconditionFailed")
	swap := minio.PutObjectOptions{}
	swap.SetMatchETag(put.ETag)
	must(client.PutObject(ctx, bucket, prefix+"cas", strings.NewReader("3"), 1, swap))
	_, err = client.PutObject(ctx, bucket, prefix+"cas", strings.NewReader("4"), 1, swap)
	expect("swapped twice", minio.ToErrorResponse(err).Code, "PreconditionFailed")
	attributes := must(client.GetObjectAttributes(ctx, bucket, prefix+"large", minio.ObjectAttributesOptions{}))
	expect("attributes", attributes.ObjectSize, 40<<20)
}

func lists(client *minio.Client) {
	for number := range 25 {
		name := fmt.Sprintf("%slist/%d/é %02d", prefix, number%3, number)
		must(client.PutObject(ctx, bucket, name, strings.NewReader("x"), 1, minio.PutObjectOptions{DisableMultipart: true}))
	}
	expect("v2", len(list(client, minio.ListObjectsOptions{Prefix: "list/", Recursive: true, MaxKeys: 7})), 25)
	expect("v1", len(list(client, minio.ListObjectsOptions{Prefix: "list/", Recursive: true, MaxKeys: 7, UseV1: true})), 25)
	expect("level", list(client, minio.ListObjectsOptions{Prefix: "list/"}), []string{"list/0/", "list/1/", "list/2/"})
	expect("versions", len(list(client, minio.ListObjectsOptions{Prefix: "list/", Recursive: true, WithVersions: true})), 25)
	doomed := make(chan minio.ObjectInfo)
	go func() {
		for _, key := range list(client, minio.ListObjectsOptions{Prefix: "list/", Recursive: true}) {
			doomed <- minio.ObjectInfo{Key: prefix + key}
		}
		close(doomed)
	}()
	for failed := range client.RemoveObjects(ctx, bucket, doomed, minio.RemoveObjectsOptions{}) {
		panic(failed.Err)
	}
	expect("removed", list(client, minio.ListObjectsOptions{Prefix: "list/", Recursive: true}), []string{})
}

func presigned(client *minio.Client) {
	put := must(client.PresignedPutObject(ctx, bucket, prefix+"presigned", time.Hour))
	request := must(http.NewRequest("PUT", put.String(), strings.NewReader("by url")))
	expect("put by url", must(http.DefaultClient.Do(request)).StatusCode, 200)
	get := must(client.PresignedGetObject(ctx, bucket, prefix+"presigned", time.Hour, map[string][]string{"response-content-type": {"text/x"}}))
	answer := must(http.Get(get.String()))
	expect("got by url", string(must(io.ReadAll(answer.Body))), "by url")
	expect("type by url", answer.Header.Get("Content-Type"), "text/x")
}
