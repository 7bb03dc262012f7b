module pirn-example

go 1.19
