//go:build !linux

package main

import "errors"

var roles = map[string]func([]string) error{"hub": hubRole}

func (p *plan) measure() (*measured, error) {
	return nil, errors.New("it measures with epoll and /proc, which only Linux has")
}
