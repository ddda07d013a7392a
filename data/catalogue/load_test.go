package catalogue

import "testing"

func TestDefault(t *testing.T) {
	c, err := Load(DefaultFiles())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(c.Tables), c.Hash())
}
