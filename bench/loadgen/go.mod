module stowage/bench/loadgen

go 1.19
