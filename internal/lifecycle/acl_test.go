package lifecycle

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckGrant(t *testing.T) {
	long := strings.Repeat("t", 249)
	for _, g := range []Grant{
		{PermissionRead, "orders", "writer"}, {PermissionAdmin, "*", "*"}, {PermissionWrite, "orders.*", "_a"},
		{PermissionReadWrite, long + "*", "writer"}, {PermissionRead, ".", "writer"}, {PermissionRead, ".*", "writer"},
	} {
		err := CheckGrant(g)
		if refused := g.Topic == "."; refused != (err != nil) {
			t.Errorf("%+v: %v", g, err)
		}
	}
	for field, refused := range map[string][]Grant{
		"permission": {{"", "t", "u"}, {"READ", "t", "u"}, {"all", "t", "u"}, {"read ", "t", "u"}},
		"topic": {
			{PermissionRead, "", "u"}, {PermissionRead, "..", "u"}, {PermissionRead, "a*b", "u"}, {PermissionRead, "**", "u"}, {PermissionRead, "*a", "u"},
			{PermissionRead, "a?", "u"}, {PermissionRead, "a b", "u"}, {PermissionRead, long + "t", "u"}, {PermissionRead, "t\n", "u"}, {PermissionRead, "ö", "u"},
		},
		"username": {
			{PermissionRead, "t", ""}, {PermissionRead, "t", "a*"}, {PermissionRead, "t", "*a"}, {PermissionRead, "t", "u?"}, {PermissionRead, "t", "ANONYMOUS"},
			{PermissionRead, "t", "@admin"}, {PermissionRead, "t", strings.Repeat("u", 65)}, {PermissionRead, "t", "u\n"},
		},
	} {
		for _, g := range refused {
			var rule *Error
			if err := CheckGrant(g); !errors.As(err, &rule) || rule.Kind != Invalid || rule.Field != field {
				t.Errorf("%+v: %v, want %s refused", g, err, field)
			}
		}
	}
}

func texts(list []Binding) (out []string) {
	for _, b := range list {
		out = append(out, strings.Join([]string{b.Effect, b.Principal, b.Host, b.Operation, b.Resource, b.Pattern, b.Name}, " "))
	}
	return out
}

func TestBindings(t *testing.T) {
	for _, c := range []struct {
		grant Grant
		want  []string
	}{
		{Grant{PermissionRead, "orders", "reader"}, []string{
			"ALLOW User:reader * DELETE GROUP LITERAL *", "ALLOW User:reader * DESCRIBE GROUP LITERAL *", "ALLOW User:reader * READ GROUP LITERAL *",
			"ALLOW User:reader * DESCRIBE TOPIC LITERAL orders", "ALLOW User:reader * DESCRIBE_CONFIGS TOPIC LITERAL orders", "ALLOW User:reader * READ TOPIC LITERAL orders",
		}},
		{Grant{PermissionWrite, "orders.*", "*"}, []string{
			"ALLOW User:* * DESCRIBE TOPIC PREFIXED orders.", "ALLOW User:* * DESCRIBE_CONFIGS TOPIC PREFIXED orders.", "ALLOW User:* * WRITE TOPIC PREFIXED orders.",
			"ALLOW User:* * DESCRIBE TRANSACTIONAL_ID LITERAL *", "ALLOW User:* * WRITE TRANSACTIONAL_ID LITERAL *",
		}},
	} {
		if got := texts(c.grant.Bindings()); !slices.Equal(got, c.want) {
			t.Errorf("%+v:\n got %q\nwant %q", c.grant, got, c.want)
		}
	}
	admin := Grant{PermissionAdmin, "*", "boss"}.Bindings()
	if len(admin) != 13 || slices.ContainsFunc(admin, func(b Binding) bool { return b.Pattern != "LITERAL" || b.Name != "*" }) {
		t.Errorf("admin of every topic: %q", texts(admin))
	}
}

// Each permission that takes in another allows all that the other allows.
func TestPermissionsContainEachOther(t *testing.T) {
	of := func(p string) map[Binding]bool { return WishedBindings([]Grant{{p, "t", "u"}}) }
	for small, large := range map[string]string{PermissionRead: PermissionReadWrite, PermissionWrite: PermissionReadWrite, PermissionReadWrite: PermissionAdmin} {
		for b := range of(small) {
			if !of(large)[b] {
				t.Errorf("%s does not allow %+v as %s does", large, b, small)
			}
		}
	}
	both := WishedBindings([]Grant{{PermissionRead, "t", "u"}, {PermissionWrite, "t", "u"}})
	if got := of(PermissionReadWrite); len(got) != len(both) {
		t.Errorf("readwrite allows %d things, read and write together %d", len(got), len(both))
	}
}

// Whatever was there before, doing what is planned leaves what is wished, keeps
// what is foreign, and records exactly what Segue put there.
func TestPlanAccess(t *testing.T) {
	some := rapid.Custom(func(t *rapid.T) map[Binding]bool {
		set := map[Binding]bool{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), rapid.ID[string]).Draw(t, "names") {
			set[Binding{Resource: "TOPIC", Name: name}] = rapid.Bool().Draw(t, "confirmed")
		}
		return set
	})
	rapid.Check(t, func(t *rapid.T) {
		f := AccessFacts{Wished: present(some.Draw(t, "wished")), Own: some.Draw(t, "own"), Found: present(some.Draw(t, "found"))}
		p := PlanAccess(f)
		own, found := map[Binding]bool{}, map[Binding]bool{}
		for b, confirmed := range f.Own {
			own[b] = confirmed
		}
		for b := range f.Found {
			found[b] = true
		}
		for _, b := range slices.Concat(p.Create, p.Confirm) {
			own[b], found[b] = true, true
		}
		for _, b := range slices.Concat(p.Delete, p.Forget) {
			delete(own, b)
			delete(found, b)
		}
		for b := range f.Wished {
			if !found[b] {
				t.Fatalf("%v is wished and not there", b)
			}
		}
		for b := range f.Found {
			if _, wasOwn := f.Own[b]; !wasOwn && !found[b] {
				t.Fatalf("%v is foreign and was taken away", b)
			}
		}
		after := PlanAccess(AccessFacts{Wished: f.Wished, Own: own, Found: found})
		if !after.InSync() || len(after.Confirm)+len(after.Forget)+len(after.Lost) != 0 {
			t.Fatalf("done once, there is still to do: %+v", after)
		}
		if p.InSync() != (len(p.Create)+len(p.Delete) == 0) || len(p.Lost) > len(p.Create) {
			t.Fatalf("plan %+v", p)
		}
		for b := range found {
			if _, isOwn := own[b]; isOwn && !f.Wished[b] {
				t.Fatalf("%v is left over", b)
			}
		}
	})
}

func present(set map[Binding]bool) map[Binding]bool {
	for b := range set {
		set[b] = true
	}
	return set
}
