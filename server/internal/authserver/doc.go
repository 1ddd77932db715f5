// Package authserver is an authorization endpoint that needs no program around
// it: for development, where it lets everybody in, and for small uses, where a
// file says who may join what. The tokens themselves are made by package
// channelauth.
package authserver
