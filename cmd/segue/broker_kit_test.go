package main

import (
	"reflect"
	"testing"

	"github.com/segue-project/segue/api"
)

func TestBrokerFlags(t *testing.T) {
	got, err := parseBrokers([]string{"1=kafka1.example.com", "20=kafka2.example.com,10.0.0.1,fd00::1"})
	want := []api.KitBroker{
		{ID: 1, Host: "kafka1.example.com", Alt: []string{}},
		{ID: 20, Host: "kafka2.example.com", Alt: []string{"10.0.0.1", "fd00::1"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, flag := range []string{"kafka1.example.com", "x=kafka1.example.com", "=kafka1.example.com", ""} {
		if got, err := parseBrokers([]string{flag}); err == nil {
			t.Errorf("%q: %v", flag, got)
		}
	}
}

// TestKitStaysInItsDirectory: a kit comes from a server, which must not choose
// where files of this machine go.
func TestKitStaysInItsDirectory(t *testing.T) {
	files, err := kitFiles("kit", []api.KitFile{{Path: "broker-1/server.properties"}, {Path: "admin/admin.pem", Secret: true}})
	if err != nil || files[0].Path != "kit/broker-1/server.properties" || files[0].Mode != 0o644 || files[1].Mode != 0o600 {
		t.Errorf("files %v, %v", files, err)
	}
	for _, path := range []string{"../x", "/etc/passwd", "broker-1/../../x", "", ".."} {
		if files, err := kitFiles("kit", []api.KitFile{{Path: path}}); err == nil {
			t.Errorf("%q: written to %s", path, files[0].Path)
		}
	}
}
