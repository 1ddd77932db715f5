module github.com/thimble-go/thimble

go 1.23
