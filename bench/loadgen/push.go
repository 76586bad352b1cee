package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

const manifestType = "application/vnd.oci.image.manifest.v1+json"

var octets = []string{"Content-Type: application/octet-stream"}

// pushBlob uploads a blob with POST and PUT, as clients do that know the digest.
func (c *connection) pushBlob(repository string, b content) error {
	started, err := c.do(newRequest(c.target, "POST", "/v2/"+repository+"/blobs/uploads/", 202, nil))
	if err != nil {
		return err
	}
	location, err := uploadPath(started.header.Get("Location"), b.digest)
	if err != nil {
		return err
	}
	_, err = c.do(newRequest(c.target, "PUT", location, 201, octets, b.parts...))
	return err
}

// uploadPath is the path of an upload's Location, with the digest that closes it.
func uploadPath(location, digest string) (string, error) {
	u, err := url.Parse(location)
	if err != nil || u.Path == "" {
		return "", fmt.Errorf("POST answered with the Location %q", location)
	}
	query := u.RawQuery
	if query != "" {
		query += "&"
	}
	return u.EscapedPath() + "?" + query + "digest=" + url.QueryEscape(digest), nil
}

// pushManifest uploads a manifest under a tag.
func (c *connection) pushManifest(repository, tag string, manifest []byte) error {
	path := "/v2/" + repository + "/manifests/" + tag
	_, err := c.do(newRequest(c.target, "PUT", path, 201, []string{"Content-Type: " + manifestType}, manifest))
	return err
}

// pushImage uploads the layers, a config of its own and the manifest, and returns the manifest.
func (c *connection) pushImage(repository, tag string, layers []content) ([]byte, error) {
	config := imageConfig(repository, tag, layers)
	for _, b := range append(layers, config) {
		if err := c.pushBlob(repository, b); err != nil {
			return nil, err
		}
	}
	manifest := imageManifest(config, layers)
	return manifest, c.pushManifest(repository, tag, manifest)
}

func imageConfig(repository, tag string, layers []content) content {
	digests := make([]string, len(layers))
	for i, l := range layers {
		digests[i] = `"` + l.digest + `"`
	}
	return whole([]byte(fmt.Sprintf(
		`{"architecture":"amd64","os":"linux","author":"%s:%s","rootfs":{"type":"layers","diff_ids":[%s]}}`,
		repository, tag, strings.Join(digests, ","))))
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

type imageManifestShape struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

func imageManifest(config content, layers []content) []byte {
	m := imageManifestShape{2, manifestType, descriptor{"application/vnd.oci.image.config.v1+json", config.digest, config.size}, []descriptor{}}
	for _, l := range layers {
		m.Layers = append(m.Layers, descriptor{"application/vnd.oci.image.layer.v1.tar", l.digest, l.size})
	}
	bytes, _ := json.Marshal(m)
	return bytes
}
