package main

import (
	"fmt"
	"math/rand"
)

// operation is a kind of work: made ready once on each target, then done many times.
type operation struct {
	// prepare pushes what the operation needs and fills the run's requests.
	prepare func(r *run, c *connection) error
	// do does it once and tells how many bytes of blobs or answers passed.
	do func(r *run, c *connection, i int) (int64, error)
}

var acceptManifest = []string{"Accept: " + manifestType}

var operations map[string]operation

func init() {
	operations = map[string]operation{
		"get-manifest":  {prepareManifest("GET"), doAny},
		"head-manifest": {prepareManifest("HEAD"), doAny},
		"get-blob":      {prepareBlob("GET"), doAny},
		"head-blob":     {prepareBlob("HEAD"), doAny},
		"tags-list":     {prepareTags, doAny},
		"catalog":       {prepareCatalog, doAny},
		"push-blob":     {prepareNothing, doPushBlob},
		"push-image":    {prepareNothing, doPushImage},
	}
}

func doAny(r *run, c *connection, i int) (int64, error) {
	got, err := c.do(r.requests[i%len(r.requests)])
	return got.size, err
}

func prepareNothing(*run, *connection) error { return nil }

// prepareManifest asks for one image by its tag, or for any tag of a filled repository.
func prepareManifest(method string) func(*run, *connection) error {
	return func(r *run, c *connection) error {
		if r.plan.filled > 0 {
			return r.vary(func(n int) string { return "/manifests/" + tagName(n) }, method)
		}
		_, err := c.pushImage(r.plan.repository, "latest", r.layers())
		r.ask(method, "/v2/"+r.plan.repository+"/manifests/latest")
		return err
	}
}

func prepareBlob(method string) func(*run, *connection) error {
	return func(r *run, c *connection) error {
		blob := r.source.next()
		r.ask(method, "/v2/"+r.plan.repository+"/blobs/"+blob.digest)
		return c.pushBlob(r.plan.repository, blob)
	}
}

// prepareTags asks for the first page of a repository of so many tags, or for any page of a filled one.
func prepareTags(r *run, c *connection) error {
	if r.plan.filled > 0 {
		return r.vary(func(n int) string { return "/tags/list?n=100&last=" + tagName(n) }, "GET")
	}
	manifest, err := c.pushImage(r.plan.repository, tagName(0), r.layers())
	if err != nil {
		return err
	}
	r.ask("GET", "/v2/"+r.plan.repository+"/tags/list?n=100")
	return r.together(r.plan.tags, func(c *connection, i int) error {
		return c.pushManifest(r.plan.repository, tagName(i), manifest)
	})
}

func prepareCatalog(r *run, c *connection) error {
	r.ask("GET", "/v2/_catalog?n=100")
	return r.together(r.plan.repositories, func(c *connection, i int) error {
		_, err := c.pushImage(fmt.Sprintf("%s/%04d", r.plan.repository, i), "latest", nil)
		return err
	})
}

func doPushBlob(r *run, c *connection, i int) (int64, error) {
	return int64(r.plan.size), c.pushBlob(r.plan.repository, r.source.next())
}

func doPushImage(r *run, c *connection, i int) (int64, error) {
	repository := fmt.Sprintf("%s/%02d", r.plan.repository, i%16)
	_, err := c.pushImage(repository, fmt.Sprintf("v%d", r.unique()), r.layers())
	return 0, err
}

// tagName is the name of the tag with this number in a repository of many.
func tagName(n int) string { return fmt.Sprintf("t%07d", n) }

// ask makes this the request of the run.
func (r *run) ask(method, path string) {
	r.requests = []request{newRequest(r.target, method, path, 200, acceptManifest)}
}

// vary makes different requests for numbers all over the filled repository, to take turns with.
func (r *run) vary(path func(n int) string, method string) error {
	random := rand.New(rand.NewSource(1))
	for i := 0; i < r.plan.variety; i++ {
		whole := "/v2/" + r.plan.repository + path(random.Intn(r.plan.filled))
		r.requests = append(r.requests, newRequest(r.target, method, whole, 200, acceptManifest))
	}
	return nil
}
