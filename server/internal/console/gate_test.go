package console

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestSessions(t *testing.T) {
	t.Parallel()
	g := gate{password: "right"}
	token, _ := g.login("right", "a", noon)
	other, _ := g.login("right", "a", noon)
	if token == "" || len(token) < 40 || token == other {
		t.Fatalf("tokens %q and %q", token, other)
	}
	if !g.knows(token, noon.Add(sessionTime-1)) || g.knows(token, noon.Add(sessionTime)) {
		t.Error("a session does not last as long as it should")
	}
	if g.knows("", noon) || g.knows(token[1:], noon) {
		t.Error("knows what it never gave out")
	}
	g.logout(other)
	if g.knows(other, noon) {
		t.Error("knows it after the end")
	}
	first, _ := g.login("right", "a", noon)
	for i := range maxSessions {
		g.login("right", "a", noon.Add(time.Duration(i+1)*time.Second))
	}
	if g.knows(first, noon.Add(time.Minute)) || len(g.sessions) != maxSessions {
		t.Errorf("%d sessions, and the oldest is still there", len(g.sessions))
	}
}

func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	g := gate{password: "right"}
	for i := range freeAttempts {
		if token, wait := g.login(fmt.Sprint("wrong", i), "a", noon); token != "" || wait != 0 {
			t.Fatalf("attempt %d: token %q, wait %v", i, token, wait)
		}
	}
	if token, wait := g.login("right", "a", noon); token != "" || wait != attemptEvery {
		t.Errorf("the right one comes too early: token %q, wait %v", token, wait)
	}
	if token, _ := g.login("right", "b", noon); token == "" {
		t.Error("another address has to wait")
	}
	if token, _ := g.login("right", "a", noon.Add(attemptEvery)); token == "" {
		t.Error("it is not heard after the time it was told")
	}
	for _, wrong := range []string{"", "righ", "right ", "Right"} {
		if token, _ := g.login(wrong, "c", noon); token != "" {
			t.Errorf("%q opens", wrong)
		}
	}
}

// Attempts from ever new addresses cost bounded memory, and are not free.
func TestManyAddresses(t *testing.T) {
	t.Parallel()
	g := gate{password: "right"}
	heard := 0
	for i := range 3 * maxAddresses {
		if _, wait := g.login("wrong", fmt.Sprint(i), noon); wait == 0 {
			heard++
		}
	}
	if len(g.failures) != maxAddresses || heard != maxAddresses+freeAttempts {
		t.Errorf("%d addresses, %d attempts", len(g.failures), heard)
	}
	if token, _ := g.login("right", "new", noon.Add(time.Hour)); token == "" || len(g.failures) > 1 {
		t.Errorf("after an hour: token %q, %d addresses", token, len(g.failures))
	}
}
