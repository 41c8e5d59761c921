package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	perTile    = 256
	maxFile    = perTile * (65535 + 2)
	tileHeight = 8
)

// remote is a log served as c2sp.org/tlog-tiles says. It is a tlog.TileReader: tlog authenticates every tile before it uses or saves it.
type remote struct {
	url, token string
	tiles      map[string][]byte
}

var client = &http.Client{Timeout: 30 * time.Second}

func (r *remote) get(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", r.url+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if r.token != "" && strings.HasPrefix(path, "tile/entries/") {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return nil, fmt.Errorf("%s answers %s", path, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxFile))
}

func (r *remote) Height() int { return tileHeight }

// ReadTiles fetches tiles. tlog's paths are tile/HEIGHT/LEVEL/N, those of tlog-tiles tile/LEVEL/N: the height is always eight and left out.
func (r *remote) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		if known, ok := r.tiles[path]; ok {
			read[i] = known
			continue
		}
		bytes, err := r.get(path)
		if err != nil {
			return nil, err
		}
		if len(bytes) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d", path, len(bytes), tile.W*tlog.HashSize)
		}
		read[i] = bytes
	}
	return read, nil
}

func (r *remote) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		r.tiles[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = data[i]
	}
}

// leaves reads every leaf hash through tlog, which leads each to the signed root, and hashes every entry to its leaf where there is a token.
func leaves(r *remote, reader tlog.HashReader, size int64) (int64, error) {
	var entries int64
	for first := int64(0); first < size; first += perTile {
		width := size - first
		if width > perTile {
			width = perTile
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return 0, fmt.Errorf("the hashes of entries %d to %d do not lead to the signed root: %v", first, first+width-1, err)
		}
		if r.token == "" {
			continue
		}
		if err := bundle(r, hashes, first); err != nil {
			return 0, err
		}
		entries += width
	}
	return entries, nil
}

// bundle hashes a bundle of entries, each with its length in two bytes before it, against the leaf hashes at its place.
func bundle(r *remote, hashes []tlog.Hash, first int64) error {
	tile := tlog.Tile{H: tileHeight, L: 0, N: first / perTile, W: len(hashes)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	bytes, err := r.get(path)
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if len(bytes) < 2 || len(bytes)-2 < int(binary.BigEndian.Uint16(bytes)) {
			return fmt.Errorf("%s ends inside entry %d: a length before an entry is wrong", path, first+int64(i))
		}
		length := int(binary.BigEndian.Uint16(bytes))
		if tlog.RecordHash(bytes[2:2+length]) != hash {
			return fmt.Errorf("entry %d in %s does not hash to its place in the signed tree", first+int64(i), path)
		}
		bytes = bytes[2+length:]
	}
	if len(bytes) != 0 {
		return fmt.Errorf("%s has %d bytes after its last entry", path, len(bytes))
	}
	return nil
}
