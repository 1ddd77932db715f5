package main

import (
	"fmt"
	"testing"
)

func TestTidier(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		seen []int
		want string // which of them are followed by tidying
	}{
		{"nobody", []int{0, 0, 0}, "[]"},
		{"a few", []int{500, 500, 999, 999}, "[]"},
		{"a wave, once it is over", []int{400, 900, 1500, 1500, 1500, 1500}, "[3]"},
		{"a tenth of many, and less", []int{100000, 100000, 109000, 109000, 110000, 110000}, "[1 5]"},
		{"a wave that goes", []int{5000, 5000, 2500, 0, 0, 0}, "[1 4]"},
		{"coming and going without rest", []int{5000, 5001, 5000, 5001}, "[]"},
	} {
		var tidier tidier
		done := []int{}
		for i, n := range tt.seen {
			if tidier.due(n) {
				done = append(done, i)
			}
		}
		if got := fmt.Sprint(done); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
