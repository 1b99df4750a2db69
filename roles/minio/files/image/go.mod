// Pins the server's source; go.sum beside it holds its checksum. Its own go.sum pins everything below it.
module minio-image

go 1.24.0

require github.com/minio/minio v0.0.0-20260212201848-7aac2a2c5b7c
