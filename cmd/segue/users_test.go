package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/segue-project/segue/api"
)

// cmdMakeUsers makes many users of a service, as whoever is signed in, in the
// only project: make-users SERVICE NUMBER.
func cmdMakeUsers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make-users SERVICE NUMBER")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var signedIn credentials
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(".config/credentials.json")), &signedIn))
	client, err := api.New(signedIn.URL, signedIn.Token)
	ts.Check(err)
	ctx := context.Background()
	project, err := onlyProject(ctx, client)
	ts.Check(err)
	for i := range n {
		_, err := client.CreateUser(ctx, project, args[0], fmt.Sprintf("user-%03d", i))
		ts.Check(err)
	}
}
