package store_test

import (
	"testing"

	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/store/storetest"
	"github.com/segue-project/segue/internal/testenv"
)

// onBoth runs a test with the options of an empty store on each database.
func onBoth(t *testing.T, test func(t *testing.T, o store.Options)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, store.Options{Dir: t.TempDir(), Version: "test"})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, store.Options{DatabaseURL: testenv.Postgres(t), Version: "test"})
	})
}

// open opens a store until the test ends.
func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

func TestBehaviour(t *testing.T) {
	opener := func(o store.Options) storetest.Open {
		return func(t *testing.T) storetest.Store { return open(t, o) }
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) storetest.Open {
			return opener(store.Options{Dir: t.TempDir(), Version: "test"})
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) storetest.Open {
			return opener(store.Options{DatabaseURL: testenv.Postgres(t), Version: "test"})
		})
	})
}
