// A receiver of webhooks that is not ours: reads one body as distribution's own
// types, refuses what they do not know, and prints what it understood the way
// distribution would post it itself.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/docker/distribution/notifications"
)

func main() {
	if err := repeat(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func repeat() error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var envelope notifications.Envelope
	if err := decoder.Decode(&envelope); err != nil {
		return err
	}
	text, err := json.MarshalIndent(envelope, "", "   ")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
