/* true - a step that does nothing. Linked statically: it costs as little as a process can. */
int main(void)
{
    return 0;
}
